"""A header's name that is not UTF-8, in real Kafka: one dead letter, and nobody else waits."""

import asyncio
from typing import Any
from uuid import uuid4

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from local_runtime.runtimes.base import Backing
from shared.messaging.broker import new_broker
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Record, pack, unpack
from shared.messaging.header_names import name_of
from shared.messaging.parse import Poison, parse

from tests.support import raw_headers
from tests.support.tally import NUMBERS, Tally, TallyService, counted
from tests.support.waiting import eventually

FOREIGN = b"na\xffme"


def raw(record: Record, *more: tuple[bytes, bytes]) -> Any:
    named = [(name.encode(), value) for name, value in record.headers]
    return record.key, record.value, [*named, *more]


async def test_it_is_parked_once_and_what_stands_around_it_takes_effect(
    service: TallyService, backing: Backing
) -> None:
    """All in one batch of the producer, and what came later waits behind its own order only."""
    prefix, tally, deaths = f"t{uuid4().hex}.", Tally("names"), list[str]()
    await _create(backing.kafka, prefix + NUMBERS)
    (first, last), foreign = counted("a", 1, 2), counted("b", 1)[0]
    batch = [raw(first), raw(foreign, (FOREIGN, b"1")), raw(last), raw(counted("b", 2)[0])]
    await raw_headers.produce(backing.kafka, prefix + NUMBERS, *batch)
    broker = new_broker([backing.kafka], None, "names-0")
    consumer = Consumer(broker, service.pipeline(tally), "names-0", prefix, deaths.append)

    await broker.start()
    consumer.watch()
    try:
        await eventually(lambda: _parked(service, tally), "the foreign one and its successor")
    finally:
        await broker.stop()

    assert await service.effects("a") == [1, 2]
    assert [reason for reason, _, _ in await service.parked(tally)] == [
        "bad-headers",
        "waits-behind-another",
    ]
    assert deaths == []


async def test_its_copy_can_be_sent_and_it_is_no_better_after_a_redrive(
    service: TallyService,
) -> None:
    tally, (record,) = Tally("names"), counted("b", 1)
    headers = [*record.headers, (name_of(FOREIGN), b"1")]
    foreign = Record(NUMBERS, 0, 0, record.key, record.value, headers)

    await service.pipeline(tally).process([foreign])

    (copy,) = await service.fetch("SELECT * FROM outbox")
    assert (name_of(FOREIGN), b"1") in unpack(copy["headers"])
    kept = Record(NUMBERS, 0, 0, record.key, record.value, unpack(pack(headers)))
    assert isinstance(parse(kept, tally.group.types, tally.group.families), Poison)


async def _parked(service: TallyService, tally: Tally) -> bool:
    return len(await service.parked(tally)) == 2


async def _create(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await asyncio.wait_for(_known(admin, topic), 10)
    finally:
        await admin.close()


async def _known(admin: AIOKafkaAdminClient, topic: str) -> None:
    async def look() -> bool:
        (found,) = await admin.describe_topics([topic])
        return bool(found["partitions"])

    await eventually(look, f"{topic} is there")
