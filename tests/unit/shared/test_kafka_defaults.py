"""The clients' defaults lose messages: what ours are told instead."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faststream import AckPolicy
from shared.messaging.consumer import Consumer, new_broker
from shared.messaging.group import ConsumerGroup
from shared.messaging.kafka import KafkaConnection, new_producer
from shared.messaging.pipeline import Pipeline


@pytest.fixture
async def producer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """As the relay makes it, but without a broker to reach."""

    async def start(self: AIOKafkaProducer) -> None:
        pass

    monkeypatch.setattr(AIOKafkaProducer, "start", start)
    made = await new_producer(KafkaConnection("127.0.0.1:1"), "test")
    yield made
    await made.client.close()
    made._closed = True


@pytest.fixture
def subscriber() -> Any:
    nothing: Any = None
    pipeline = Pipeline("tally", ConsumerGroup("tally", ("orders.events.v1",), {}), nothing)
    consumer = Consumer(
        new_broker(["127.0.0.1:1"], None, "test"), pipeline, "test-0", "", lambda _: None
    )
    return consumer._subscriber


async def test_a_record_is_sent_when_all_replicas_have_it_and_once(producer: Any) -> None:
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None
    assert producer._txn_manager.transactional_id is None


def test_a_group_without_offsets_starts_at_the_first_record(subscriber: Any) -> None:
    assert subscriber._connection_args["auto_offset_reset"] == "earliest"


def test_offsets_are_committed_after_the_work_and_not_when_it_failed(subscriber: Any) -> None:
    assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
    assert subscriber._connection_args["enable_auto_commit"] is False
