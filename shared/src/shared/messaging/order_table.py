"""The one row per order that serialises all a service does for that order, and its SQL."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from asyncpg import Record

from shared.database import Db
from shared.database.writes import Writer


class OrderRow(Protocol):
    """A row as the rules see it; frozen, and replaced in ``UnitOfWork.rows`` when it changes."""

    @property
    def order_id(self) -> str: ...


Row = TypeVar("Row", bound=OrderRow)
Locked: TypeAlias = tuple[dict[str, Row], dict[tuple[str, str], int]]
"""Rows by their orders, and the last sequence of each (topic, order)."""


@dataclass(frozen=True)
class OrderTable(Generic[Row]):
    """``columns`` are the fields of ``row`` and their types in PostgreSQL, the order id first.

    ``sequences`` names one counter column for each topic the service publishes. A service that
    learns of orders from others has ``insert_missing``: its row starts with the defaults.
    Where timers tell of orders, ``placed_in`` gives the trace context that a row keeps.
    """

    name: str
    row: Callable[..., Row]
    columns: Mapping[str, str]
    sequences: Mapping[str, str]
    insert_missing: bool = True
    placed_in: Callable[[Row], str] = lambda _: ""

    async def lock(
        self, db: Db, order_ids: Collection[str], new: Mapping[str, Row] | None = None
    ) -> Locked[Row]:
        """Begin those that are missing, and lock the rows in id order.

        ``new`` has every one of them as it begins, where a service knows more than the defaults.
        """
        ids = sorted(order_ids)
        begun: dict[str, Row] = {}
        records: list[Record] = []
        if ids and new:
            values = self._values([new[one] for one in ids], {})
            made = {one["order_id"] for one in await db.fetch(self._insert_new, *values)}
            begun = {one: new[one] for one in ids if one in made}
            ids = [one for one in ids if one not in made]
        elif ids and self.insert_missing:
            records = await db.fetch(self._insert_missing, ids)
            made = {one["order_id"] for one in records}
            ids = [one for one in ids if one not in made]
        # A statement of its own: one that inserts and locks would not see a row that another
        # transaction was inserting.
        if ids:
            records += await db.fetch(self._lock, ids)
        rows, sequences = self._locked(records)
        none_told = {(topic, one): 0 for one in begun for topic in self.sequences}
        return begun | rows, none_told | sequences

    async def lock_known(self, db: Db, order_ids: Collection[str]) -> Locked[Row]:
        """Lock the rows that are there, in id order."""
        return self._locked(await db.fetch(self._lock, sorted(order_ids)))

    def _locked(self, records: Sequence[Record]) -> Locked[Row]:
        rows = {one["order_id"]: self._row(one) for one in records}
        return rows, {
            (topic, one["order_id"]): one[column]
            for one in records
            for topic, column in self.sequences.items()
        }

    async def write(
        self,
        db: Writer,
        rows: Sequence[Row],
        sequences: Mapping[tuple[str, str], int],
        *,
        new: bool,
    ) -> None:
        """Insert or update ``rows`` with their sequences in one statement."""
        await db.execute(self._insert if new else self._update, *self._values(rows, sequences))

    def _values(
        self, rows: Sequence[Row], sequences: Mapping[tuple[str, str], int]
    ) -> list[list[Any]]:
        """A list for each column."""
        values: list[list[Any]] = [[getattr(row, name) for row in rows] for name in self.columns]
        counters = [
            [sequences.get((topic, row.order_id), 0) for row in rows] for topic in self.sequences
        ]
        return [*values, *counters]

    def _row(self, record: Record) -> Row:
        return self.row(**{name: record[name] for name in self.columns})

    @cached_property
    def _written(self) -> dict[str, str]:
        return {**self.columns, **dict.fromkeys(self.sequences.values(), "integer")}

    @cached_property
    def _unnest(self) -> str:
        arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(self._written.values(), 1))
        return f"unnest({arrays}) u({', '.join(self._written)})"

    @cached_property
    def _insert_missing(self) -> str:
        return (
            f"INSERT INTO {self.name} (order_id) "
            'SELECT DISTINCT u COLLATE "C" FROM unnest($1::text[]) u ORDER BY 1 '
            f"ON CONFLICT DO NOTHING RETURNING {', '.join(self._written)}"
        )

    @cached_property
    def _insert_new(self) -> str:
        return (
            f'{self._insert} ORDER BY order_id COLLATE "C" '
            "ON CONFLICT DO NOTHING RETURNING order_id"
        )

    @cached_property
    def _lock(self) -> str:
        return (
            f"SELECT {', '.join(self._written)} FROM {self.name} "
            "WHERE order_id = ANY($1::text[]) ORDER BY order_id FOR NO KEY UPDATE"
        )

    @cached_property
    def _insert(self) -> str:
        names = ", ".join(self._written)
        return f"INSERT INTO {self.name} ({names}) SELECT {names} FROM {self._unnest}"

    @cached_property
    def _update(self) -> str:
        changes = ", ".join(f"{name} = u.{name}" for name in self._written if name != "order_id")
        return (
            f"UPDATE {self.name} t SET {changes} FROM {self._unnest} WHERE t.order_id = u.order_id"
        )
