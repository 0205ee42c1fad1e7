"""A topic that is not there holds up its own records, and nobody else's."""

import asyncio
from typing import Any

import pytest
from shared.messaging import relay
from shared.messaging.kafka import KafkaConnection
from shared.messaging.relay import Relay

GONE, THERE = "inventory.dead-letters.v1", "inventory.events.v1"
ALL_SENT_WITHIN_S = 2.0


class Producer:
    """As aiokafka's, it waits long for the metadata of a topic that nobody has."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    async def partitions_for(self, topic: str) -> set[int]:
        if topic == GONE:
            await asyncio.get_running_loop().create_future()
        return {0}

    async def send(self, topic: str, value: bytes, **_: Any) -> "asyncio.Future[object]":
        await self.partitions_for(topic)
        self.sent.append(value)
        acked: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        acked.set_result(None)
        return acked


def row(number: int, topic: str) -> Any:
    return {
        "id": number,
        "shard": number % 16,
        "topic": topic,
        "key": str(number).encode(),
        "headers": b"[]",
        "payload": str(number).encode(),
    }


@pytest.fixture
def relaying(monkeypatch: pytest.MonkeyPatch) -> Relay:
    monkeypatch.setattr(relay, "TOPIC_WAIT_S", 0.3, raising=False)
    no_pool: Any = None
    return Relay("", no_pool, KafkaConnection(""), "orders-0")


async def test_records_of_a_missing_topic_fail_soon_and_all_others_are_sent(
    relaying: Relay,
) -> None:
    rows = [row(number, GONE if number % 2 else THERE) for number in range(20)]
    producer: Any = Producer()

    async with asyncio.timeout(ALL_SENT_WITHIN_S):
        results = await relaying._send_all(producer, rows)

    assert [one is None for one in results] == [number % 2 == 0 for number in range(20)]


async def test_topics_that_were_there_before_go_first(relaying: Relay) -> None:
    producer: Any = Producer()
    await relaying._send_all(producer, [row(0, THERE)])
    rows = [row(1, GONE), row(2, THERE), row(3, THERE)]
    sending = asyncio.create_task(relaying._send_all(producer, rows))
    await asyncio.sleep(0)

    assert producer.sent == [b"0", b"2", b"3"], "before the missing topic was waited for"
    assert [one is None for one in await sending] == [False, True, True]
