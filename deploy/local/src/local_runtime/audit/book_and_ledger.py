"""The provider's own book against the ledger of payments."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import aiohttp
import asyncpg

from local_runtime.audit.by_order import reading
from local_runtime.audit.comparison import Reading
from local_runtime.audit.json_stream import objects

OPERATIONS_MAX = 500_000
CHUNK = 1_000
PAGE = 5_000
TIMEOUT_S = 60.0

_BOOKED = """
SELECT operation, provider_reference AS reference, order_id, amount_minor, currency, '' AS key
FROM ledger_entries WHERE account = 'provider_clearing' AND order_id = ANY($1)
"""
_OPEN = "SELECT provider_key FROM payment_attempts WHERE state = 'open' AND provider_key = ANY($1)"
_LAST = "SELECT coalesce(max(id), 0) FROM ledger_entries"
_LINES = """
SELECT id, provider_reference AS reference, order_id, operation, amount_minor FROM ledger_entries
WHERE account = 'provider_clearing' AND id > $1 AND id <= $2 ORDER BY id LIMIT $3
"""


class Movement(NamedTuple):
    """Money that moved: to us where ``amount_minor`` is positive. ``reference`` tells it apart."""

    operation: str
    reference: str
    order_id: str
    amount_minor: int
    currency: str
    key: str


def movement_of(line: Mapping[str, Any]) -> Movement | None:
    """A line of the book; None when no money moved."""
    if not line["ok"] or line["op"] not in ("capture", "refund"):
        return None
    taken = line["op"] == "capture"
    return Movement(
        "charge" if taken else "refund",
        line["charge_id"] if taken else line["id"],
        line["order_id"],
        line["amount_minor"] if taken else -line["amount_minor"],
        line["currency"],
        line["key"],
    )


def not_booked(
    done: Iterable[Movement], booked: Iterable[Movement], asked_about: Collection[str]
) -> dict[str, str]:
    """What the provider did and the ledger does not say, or says otherwise, by reference.

    An operation whose attempt is still open is asked about: its outcome is not booked yet.
    """
    ledger = {(one.operation, one.reference): one for one in booked}
    wrong: dict[str, str] = {}
    for one in done:
        ours = ledger.get((one.operation, one.reference))
        if ours is None and one.key not in asked_about:
            wrong[one.reference] = f"{_told(one)} at the provider, not in the ledger"
        elif ours is not None and ours._replace(key=one.key) != one:
            wrong[one.reference] = f"{_told(one)} at the provider, {_told(ours)} in the ledger"
    return wrong


def _told(one: Movement) -> str:
    return f"{one.operation} of {abs(one.amount_minor)} {one.currency} for {one.order_id}"


@dataclass
class BookAndLedger:
    """``provider`` is its base URL. Lines of the book never change, so they are read once."""

    provider: str
    payments_dsn: str
    name: str = "book-is-ledger"
    sentence: str = "What the provider's book says moved is in the ledger, and nothing else is."
    _suspects: dict[str, Movement] = field(default_factory=dict)
    _ours_alone: dict[str, str] = field(default_factory=dict)

    async def look(self) -> Reading:
        found, seen = Reading(), set[str]()
        async with reading(self.payments_dsn) as db:
            # Booked before the book is read, so the book has it, or never will.
            last = await db.fetchval(_LAST)
            async for chunk in self._chunks(found):
                seen.update(one.reference for one in chunk)
                wrong = await _compared(db, chunk)
                found.note(wrong)
                kept = {one.reference: one for one in chunk if one.reference in found.wrong}
                self._suspects |= kept
            if found.beyond is None:
                self._ours_alone = await _ours_alone(db, seen, last)
                found.note(self._ours_alone)
        return found

    async def look_again(self, ids: Collection[str]) -> Mapping[str, str]:
        async with reading(self.payments_dsn) as db:
            done = [self._suspects[one] for one in ids if one in self._suspects]
            return {**await _compared(db, done), **self._ours_alone}

    async def _chunks(self, found: Reading) -> AsyncIterator[list[Movement]]:
        """The book in pieces, as far as memory goes; ``found`` learns how far that was."""
        chunk: list[Movement] = []
        async for one in self._movements():
            if found.compared == OPERATIONS_MAX:
                found.beyond = f"the book after its first {OPERATIONS_MAX} movements"
                break
            chunk.append(one)
            found.compared += 1
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        yield chunk

    async def _movements(self) -> AsyncIterator[Movement]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.get(f"{self.provider}/book", raise_for_status=True) as answer,
        ):
            async for line in objects(answer.content.iter_any()):
                if (movement := movement_of(line)) is not None:
                    yield movement


async def _compared(db: asyncpg.Connection, done: Collection[Movement]) -> dict[str, str]:
    booked = await db.fetch(_BOOKED, list({one.order_id for one in done}))
    asked = await db.fetch(_OPEN, [one.key for one in done])
    return not_booked(done, (Movement(*one) for one in booked), {one[0] for one in asked})


async def _ours_alone(db: asyncpg.Connection, seen: Collection[str], last: int) -> dict[str, str]:
    """Lines of the ledger up to ``last`` that the book does not have."""
    found, after = Reading(), 0
    while lines := await db.fetch(_LINES, after, last, PAGE):
        after = lines[-1]["id"]
        found.note(
            {
                one["reference"]: f"{one['operation']} of {abs(one['amount_minor'])} for "
                f"{one['order_id']} in the ledger, not at the provider"
                for one in lines
                if one["reference"] not in seen
            }
        )
    return found.wrong
