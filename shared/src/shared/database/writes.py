"""Writes that go to the server together: one round trip for all that a transaction changes."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

from asyncpg import Record

from shared.database import Db

COMBINATIONS_MAX = 256  # Of statements; each is joined once.
_PARAMETER = re.compile(r"\$(\d+)")


class Writer(Protocol):
    """Takes a statement that gives nothing back: a connection at once, ``Writes`` later."""

    async def execute(self, query: str, /, *args: Any) -> Any: ...


class Writes:
    """Statements to be run as the parts of one.

    Each part runs once and to its end, and none sees what another has done, so no two may be about
    one row (PostgreSQL manual, 7.8.4, "Data-Modifying Statements in WITH"): what is kept runs
    before a statement that is among it already.
    """

    def __init__(self, db: Db) -> None:
        self._db = db
        self._statements: list[str] = []
        self._arguments: list[Sequence[Any]] = []
        self._gives = False

    async def execute(self, query: str, /, *args: Any) -> None:
        """Keep it until ``run``."""
        if query in self._statements:
            await self.run()
        self._statements.append(query)
        self._arguments.append(args)

    async def give(self, query: str, /, *args: Any) -> None:
        """Keep it as the last; ``run`` gives what it returns."""
        await self.execute(query, *args)
        self._gives = True

    async def run(self) -> list[Record]:
        """Run what was kept, and forget it; gives the rows of a last one that is to ``give``."""
        if not self._statements:
            return []
        statements, arguments, gives = tuple(self._statements), self._arguments, self._gives
        self._statements, self._arguments, self._gives = [], [], False
        joined = join(statements, tuple(map(len, arguments)), gives)
        values = (one for part in arguments for one in part)
        if gives:
            return await self._db.fetch(joined, *values)
        await self._db.execute(joined, *values)
        return []


@lru_cache(COMBINATIONS_MAX)
def join(statements: Sequence[str], argument_counts: Sequence[int], gives: bool = False) -> str:
    """One statement with all arguments in a row; a single one stays as it is.

    It ``gives`` the rows of the last one.
    """
    if len(statements) == 1:
        return statements[0]
    parts: list[str] = []
    before = 0
    for number, (statement, count) in enumerate(zip(statements, argument_counts, strict=True)):
        parts.append(f"w{number} AS ({_shifted(statement, before)})")
        before += count
    last = f"SELECT * FROM w{len(parts) - 1}" if gives else "SELECT"
    return f"WITH {', '.join(parts)} {last}"


def _shifted(statement: str, by: int) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + by}", statement)
