"""Each shortcut of the relay fails at its moment; the relay as it is holds there."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from local_runtime.runtimes.base import Backing
from shared.idle import LOOK_MAX_S
from shared.messaging import relay
from shared.messaging.envelope import unpack
from shared.messaging.kafka import PRODUCER_BATCH_BYTES, KafkaConnection, new_producer
from shared.messaging.outbox import SHARDS, Outgoing
from shared.messaging.relay import Relay

from tests.support.kafka_log import KafkaLog, headers_of, sequence_errors
from tests.support.tally import NOTES, TallyService
from tests.support.waiting import eventually, throughout

NUMBERS = count(1)
# More than one batch of the producer holds: what is behind it travels in another one.
LIMIT_BYTES, TOO_MANY_BYTES = 2_000, PRODUCER_BATCH_BYTES + 1


@dataclass
class Publishing:
    """A topic of its own, the tally's outbox, and whoever reads the topic from outside."""

    service: TallyService
    kafka: KafkaConnection
    prefix: str

    @asynccontextmanager
    async def relay(self, pool: Any = None) -> AsyncIterator[Relay]:
        running = Relay(
            self.service.dsn, pool or self.service.pool, self.kafka, "relay-0", self.prefix
        )
        task = asyncio.create_task(running.run())
        try:
            yield running
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def note(self, order_id: str, number: int) -> list[Outgoing]:
        """Commit one event of an order, as any instance may; gives what it put into the outbox."""
        async with self.service.transactions.begin() as work:
            await work.lock_orders([order_id])
            work.note(order_id, number)
            return list(work.outgoing)

    async def unsent(self) -> int:
        return int(await self.service.value("SELECT count(*) FROM outbox"))

    async def all_sent(self) -> None:
        async def look() -> bool:
            return await self.unsent() == 0

        await eventually(look, "the outbox is empty")

    async def told(self) -> list[tuple[bytes, int]]:
        """Order and sequence of every record, as an outside reader finds them."""
        records = await KafkaLog(self.kafka.bootstrap, self.prefix).read(NOTES)
        return [(one.key or b"", int(headers_of(one)["ce_sequence"])) for one in records]

    async def errors(self) -> list[str]:
        return sequence_errors(await KafkaLog(self.kafka.bootstrap, self.prefix).read(NOTES))

    async def limit_bytes(self, limit: int) -> None:
        """What the broker takes at most: a row above it is refused, not those behind it."""
        async with _admin(self.kafka) as admin:
            name = self.prefix + NOTES
            settings = {"max.message.bytes": str(limit)}
            await admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, name, configs=settings)]
            )


@asynccontextmanager
async def _admin(kafka: KafkaConnection) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@pytest.fixture
async def publishing(service: TallyService, backing: Backing) -> Publishing:
    kafka = KafkaConnection(backing.kafka)
    prefix = f"relay-{next(NUMBERS)}."
    async with _admin(kafka) as admin:
        await admin.create_topics([NewTopic(prefix + NOTES, 3, 1)])
    return Publishing(service, kafka, prefix)


async def told_by_another_and_then_by_the_leader(publishing: Publishing) -> list[Outgoing]:
    """1 is committed by an instance that does not lead and waits for a poll; 2 by the leader."""
    await publishing.note("a", 1)
    return await publishing.note("a", 2)


async def test_what_the_leader_commits_does_not_overtake(publishing: Publishing) -> None:
    await told_by_another_and_then_by_the_leader(publishing)

    async with publishing.relay():
        await publishing.all_sent()

    assert await publishing.told() == [(b"a", 1), (b"a", 2)]


async def test_publishing_from_memory_overtakes(publishing: Publishing) -> None:
    mine = await told_by_another_and_then_by_the_leader(publishing)

    await send_from_memory(publishing, mine)
    async with publishing.relay():
        await publishing.all_sent()

    assert any("2 after 0" in one for one in await publishing.errors())


async def send_from_memory(publishing: Publishing, rows: Sequence[Outgoing]) -> None:
    """The shortcut: "I lead and know of nothing older, so I need not ask the outbox"."""
    producer = await new_producer(publishing.kafka, "from-memory")
    try:
        for row in rows:
            await producer.send_and_wait(
                publishing.prefix + row.topic, row.payload, row.key, headers=unpack(row.headers)
            )
    finally:
        await producer.stop()


class AfterTheLastSeen:
    """The shortcut: a cursor, which asks only for ids above the last one it has seen."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._last = 0

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        rows = [row for row in await self._pool.fetch(statement, *values) if row["id"] > self._last]
        self._last = max([self._last, *(row["id"] for row in rows)])
        return rows

    async def execute(self, statement: str, *values: Any) -> Any:
        return await self._pool.execute(statement, *values)


async def committed_late(publishing: Publishing, is_told: Callable[[bytes], Any]) -> None:
    """a takes its id first and commits last, after b with a later id was published."""
    async with publishing.service.transactions.begin() as work:
        await work.lock_orders(["a"])
        work.note("a", 1)
        await work.flush()
        await publishing.note("b", 1)
        await eventually(lambda: is_told(b"b"), "b is told")


async def test_what_commits_late_is_told_late(publishing: Publishing) -> None:
    async def is_told(key: bytes) -> bool:
        return (key, 1) in await publishing.told()

    async with publishing.relay():
        await committed_late(publishing, is_told)
        await publishing.all_sent()

    assert sorted(await publishing.told()) == [(b"a", 1), (b"b", 1)]


async def test_a_cursor_loses_what_commits_late(publishing: Publishing) -> None:
    async def is_told(key: bytes) -> bool:
        return (key, 1) in await publishing.told()

    async def is_left() -> bool:
        return await publishing.unsent() == 1

    async with publishing.relay(AfterTheLastSeen(publishing.service.pool)):
        await committed_late(publishing, is_told)
        await throughout(is_left, "a stays in the outbox", 3 * LOOK_MAX_S)

    assert await publishing.told() == [(b"b", 1)]


async def refused_at_first(publishing: Publishing) -> None:
    """The broker refuses 1 of an order for its size; 2 of the same order would be taken."""
    await publishing.limit_bytes(LIMIT_BYTES)
    async with publishing.service.transactions.begin() as work:
        await work.lock_orders(["a"])
        work.note("a", 1)
        first = work.outgoing.pop()
        # Not compressible, and no longer readable: only headers matter to the outside reader.
        work.send(first.topic, first.key, first.headers, os.urandom(TOO_MANY_BYTES))
        work.note("a", 2)
    await publishing.note("b", 1)


async def test_behind_a_refused_row_its_order_waits_and_others_do_not(
    publishing: Publishing,
) -> None:
    async def only_b_is_told() -> bool:
        return await publishing.told() == [(b"b", 1)]

    await refused_at_first(publishing)

    async with publishing.relay():
        await eventually(only_b_is_told, "b is told")
        await throughout(only_b_is_told, "2 of a waits behind 1", 1.0)
        await publishing.limit_bytes(1_048_576)
        await publishing.all_sent()

    assert await publishing.errors() == []
    assert (b"a", 2) in await publishing.told()


async def test_sending_what_is_behind_a_refused_row_overtakes(
    publishing: Publishing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_overtaken() -> bool:
        return (b"a", 2) in await publishing.told()

    monkeypatch.setattr(relay, "oldest_of_each_key", list)
    await refused_at_first(publishing)

    async with publishing.relay():
        await eventually(is_overtaken, "2 of a is told")

    assert any("2 after 0" in one for one in await publishing.errors())


async def test_a_row_that_cannot_be_sent_holds_up_nobody_else(publishing: Publishing) -> None:
    orders = [f"order-{number}" for number in range(4 * SHARDS)]
    async with publishing.service.transactions.begin() as work:
        # Neither key nor value: the producer does not even take it.
        work.send(NOTES, None, b"[]", None)
    for order_id in orders:
        await publishing.note(order_id, 1)

    async def all_others_are_told() -> bool:
        return sorted(await publishing.told()) == sorted((one.encode(), 1) for one in orders)

    async with publishing.relay():
        await eventually(all_others_are_told, "every other row is told")

    assert await publishing.unsent() == 1


async def test_a_pass_reads_no_more_bytes_than_it_may(service: TallyService) -> None:
    async with service.transactions.begin() as work:
        for size in (600_000, 600_000, 600_000, 10):
            work.send(NOTES, b"a", b"[]", b"x" * size)

    rows = await service.fetch(relay._FETCH, list(range(SHARDS)), 500, 1_000_000, [])

    assert [len(row["payload"]) for row in rows] == [600_000, 600_000]


async def test_what_is_acknowledged_is_removed_and_not_read_again(service: TallyService) -> None:
    async with service.transactions.begin() as work:
        for key in (b"a", b"b"):
            work.send(NOTES, key, b"[]", b"x")
    limits = (list(range(SHARDS)), 500, 1_000_000)
    first, second = await service.fetch(relay._FETCH, *limits, [])

    assert await service.fetch(relay._FETCH, *limits, [first["id"]]) == [second]
    assert await service.fetch(relay._FETCH, *limits, []) == [second]
