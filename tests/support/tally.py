"""The smallest service on the real pipeline: it notes which numbers took effect for an order."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

import structlog
from asyncpg import Pool
from asyncpg import Record as Row
from shared.clock import Clock
from shared.contracts.event import Event
from shared.database.migrate import migrations_of
from shared.database.pool import connect, open_pool
from shared.errors import Permanent
from shared.messaging.batch import Batch
from shared.messaging.envelope import Record, encode_headers
from shared.messaging.group import ConsumerGroup
from shared.messaging.order_table import OrderTable
from shared.messaging.pipeline import Pipeline
from shared.messaging.unit_of_work import Opening, Rank, Transactions, UnitOfWork

NUMBERS, NOTES = "tally.numbers.v1", "tally.notes.v1"
CONNECTIONS_MAX = 40
WHEN = datetime.fromisoformat("2026-01-01T00:00:00Z")

TABLES = """
CREATE TABLE heads (
    order_id       text COLLATE "C" PRIMARY KEY,
    last_number    integer NOT NULL DEFAULT 0,
    notes_sequence integer NOT NULL DEFAULT 0
);
CREATE TABLE goods (name text COLLATE "C" PRIMARY KEY, taken integer NOT NULL DEFAULT 0);
CREATE TABLE effects (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    number   integer NOT NULL
);
"""
TABLE_NAMES = (
    "heads, goods, effects, inbox, outbox, parked_keys, parked_events, breakers, "
    "dead_letter_actions, work_rows"
)
_LOCK_GOODS = "SELECT name FROM goods WHERE name = ANY($1) ORDER BY name FOR NO KEY UPDATE"
_TAKE_GOODS = "UPDATE goods SET taken = taken + 1 WHERE name = ANY($1)"
_EFFECTS = """
INSERT INTO effects (order_id, number)
SELECT o, n FROM unnest($1::text[], $2::int[]) WITH ORDINALITY u(o, n, place) ORDER BY place
"""
_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
    AND wait_event_type = 'Lock' AND wait_event IN ('transactionid', 'tuple')
"""


class Broken(Permanent):
    """The handler cannot deal with this number yet."""


class Counted(Event):
    """A number of an order; it may need goods that other orders need too."""

    type: ClassVar[str] = "tally.counted.v1"
    topic: ClassVar[str] = NUMBERS
    number: int
    goods: tuple[str, ...] = ()

    @property
    def line_count(self) -> int:
        return len(self.goods)


class CountedAnew(Counted):
    """The next version, which a group has a handler for only once it is ``upgraded``."""

    type: ClassVar[str] = "tally.counted.v2"


class Noted(Event):
    type: ClassVar[str] = "tally.noted.v1"
    topic: ClassVar[str] = NOTES
    number: int


@dataclass(frozen=True)
class Head:
    order_id: str
    last_number: int


HEADS = OrderTable(
    name="heads",
    row=Head,
    columns={"order_id": "text", "last_number": "integer"},
    sequences={NOTES: "notes_sequence"},
)


class TallyWork(UnitOfWork[Head]):
    """Locks the goods of its events beside the orders' rows."""

    table: ClassVar[OrderTable[Head]] = HEADS

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.effects: list[tuple[str, int]] = []
        self.goods: set[str] = set()

    async def prepare(self, events: Sequence[Event]) -> None:
        goods = {name for one in events if isinstance(one, Counted) for name in one.goods}
        if goods:
            await self.lock_goods(goods)

    async def lock_goods(self, goods: set[str]) -> None:
        self.lock(Rank.STOCK)
        await self.db.execute(_LOCK_GOODS, sorted(goods))

    async def save(self) -> None:
        if self.effects:
            orders, numbers = zip(*self.effects, strict=True)
            await self.db.execute(_EFFECTS, list(orders), list(numbers))
        if self.goods:
            await self.db.execute(_TAKE_GOODS, list(self.goods))
        self.effects, self.goods = [], set()

    def note(self, order_id: str, number: int) -> None:
        """One effect: the row, the list of effects, and an event that tells it."""
        self.rows[order_id] = replace(self.rows[order_id], last_number=number)
        self.effects.append((order_id, number))
        self.publish(Noted(order_id=order_id, number=number))


async def at_once(_: Counted) -> None:
    """What a handler awaits before an event, when nothing is to happen meanwhile."""


@dataclass
class Tally:
    """A consumer group with a handler that fails for what is ``broken``, until it is mended."""

    name: str
    broken: set[tuple[str, int]] = field(default_factory=set)
    meanwhile: Callable[[Counted], Awaitable[None]] = at_once
    upgraded: bool = False

    @property
    def group(self) -> ConsumerGroup:
        handlers: dict[type[Event], Any] = {Counted: self.count}
        if self.upgraded:
            handlers[CountedAnew] = self.count
        return ConsumerGroup(self.name, (NUMBERS,), handlers)

    @property
    def groups(self) -> Mapping[str, ConsumerGroup]:
        return {self.name: self.group}

    async def count(self, counted: Batch[Counted], work: TallyWork) -> None:
        """Counted -> Noted."""
        for one in counted:
            await self.meanwhile(one)
            if (one.order_id, one.number) in self.broken:
                raise Broken(f"{one.number} of {one.order_id}")
            work.goods |= set(one.goods)
            work.note(one.order_id, one.number)

    def mend(self) -> None:
        self.broken.clear()
        self.upgraded = True


@dataclass
class TallyService:
    """The service's database and what opens transactions on it."""

    dsn: str
    pool: "Pool[Row]"
    transactions: Transactions[TallyWork]

    def pipeline(self, tally: Tally, parked_orders_max: int = 1_000_000) -> Pipeline:
        return Pipeline("tally", tally.group, self.transactions, parked_orders_max)

    async def fetch(self, statement: str, *values: Any) -> list[Row]:
        async with self.pool.acquire() as db:
            return await db.fetch(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        return (await self.fetch(statement, *values))[0][0]

    async def waiting_for_locks(self) -> int:
        """How many sessions wait for a row that another has locked, as PostgreSQL says."""
        return int(await self.value(_WAITING))

    async def effects(self, order_id: str) -> list[int]:
        """The numbers that took effect for an order, in the order in which they did."""
        found = await self.fetch(
            "SELECT number FROM effects WHERE order_id = $1 ORDER BY id", order_id
        )
        return [row["number"] for row in found]

    async def parked(self, tally: Tally) -> list[tuple[str, str, bytes]]:
        """Reason, error and value of what a group has set aside, in order."""
        found = await self.fetch(
            "SELECT * FROM parked_events WHERE consumer = $1 ORDER BY id", tally.name
        )
        return [(row["reason"], row["error"], row["value"]) for row in found]


async def create_tables(dsn: str) -> None:
    """The tables every service gets, and the tally's own; commits need not reach the disk."""
    db = await connect(dsn, "tally-tables")
    try:
        common = (one.sql for one in migrations_of("inventory") if one.name.startswith("0000_"))
        await db.execute("".join(common) + TABLES)
        name = await db.fetchval("SELECT quote_ident(current_database())")
        await db.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    finally:
        await db.close()


@contextmanager
def errors_only() -> Iterator[None]:
    """What is broken on purpose is not worth a rendered traceback each time."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@asynccontextmanager
async def tally_service(dsn: str) -> AsyncIterator[TallyService]:
    pool = await open_pool(dsn, "tally", CONNECTIONS_MAX)
    try:
        with errors_only():
            yield TallyService(dsn, pool, Transactions(pool, Clock(), TallyWork))
    finally:
        await pool.close()


async def deadlocks(dsn: str) -> int:
    """How many PostgreSQL has counted; complete once the sessions that met them have ended."""
    db = await connect(dsn, "deadlocks")
    try:
        return int(
            await db.fetchval(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            )
        )
    finally:
        await db.close()


def a_record(event: Counted, offset: int = 0, event_id: str = "", **changed: Any) -> Record:
    """``event`` as another service's relay would send it; one id for one content."""
    event_id = event_id or f"evt-{event.order_id}-{event.number}"
    headers = encode_headers(event, event_id, WHEN, event.number, "")
    value = event.model_dump_json().encode()
    made = Record(NUMBERS, 0, offset, event.order_id.encode(), value, headers)
    return replace(made, **changed)


def counted(order_id: str, *numbers: int, goods: tuple[str, ...] = ()) -> list[Record]:
    """One record for each number, at that offset."""
    return [
        a_record(Counted(order_id=order_id, number=number, goods=goods), number)
        for number in numbers
    ]
