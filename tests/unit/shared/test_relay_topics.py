"""A topic that is not there holds up its own records, and nobody else's."""

import asyncio
import time
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
            await asyncio.sleep(60)
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
    return Relay("", None, KafkaConnection(""), "orders-0")  # type: ignore[arg-type]


async def test_records_of_a_missing_topic_fail_soon_and_all_others_are_sent(
    relaying: Relay,
) -> None:
    rows = [row(number, GONE if number % 2 else THERE) for number in range(20)]
    producer, started_at = Producer(), time.monotonic()

    async with asyncio.timeout(ALL_SENT_WITHIN_S):
        results = await relaying._send_all(producer, rows)  # type: ignore[arg-type]

    assert [one is None for one in results] == [number % 2 == 0 for number in range(20)]
    assert time.monotonic() - started_at < ALL_SENT_WITHIN_S


async def test_topics_that_were_there_before_go_first(relaying: Relay) -> None:
    producer = Producer()
    await relaying._send_all(producer, [row(0, THERE)])  # type: ignore[arg-type]
    sending = asyncio.create_task(
        relaying._send_all(producer, [row(1, GONE), row(2, THERE), row(3, THERE)])  # type: ignore[arg-type]
    )
    await asyncio.sleep(0)

    assert producer.sent == [b"0", b"2", b"3"], "before the missing topic was waited for"
    assert [one is None for one in await sending] == [False, True, True]
