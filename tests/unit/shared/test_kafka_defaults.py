"""The clients' defaults lose messages: what ours are told instead."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, client, conn
from aiokafka.conn import AIOKafkaConnection
from aiokafka.conn import create_conn as waits_for_a_silent_broker
from faststream import AckPolicy
from local_runtime.runtimes.kafka import Seat, settings
from shared.messaging import closed_connections, silent_brokers
from shared.messaging.broker import new_broker
from shared.messaging.consumer import Consumer
from shared.messaging.group import ConsumerGroup
from shared.messaging.kafka import KafkaConnection, new_producer
from shared.messaging.pipeline import Pipeline

# Kafka's defaults: how long followers wait for a controller, and their pause before a vote.
CONTROLLER_SILENT_MS, ELECTION_PAUSE_MAX_MS = 2_000, 1_000
DECIDED_WITHIN_MS = 20_000


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


async def test_a_stopped_broker_is_given_up_in_time_to_decide_orders(
    producer: Any, tmp_path: Path
) -> None:
    """Its successors are known, and then three requests in a row may still have gone to it."""
    broker = settings(9092, tmp_path, Seat(1, {1: 9093, 2: 9095, 3: 9097}))
    successors_ms = int(broker["broker.session.timeout.ms"])
    successors_ms += CONTROLLER_SILENT_MS + ELECTION_PAUSE_MAX_MS

    (timeout_ms,) = {producer.client._request_timeout_ms, _consumers_timeout_ms()}

    assert successors_ms + 3 * timeout_ms <= DECIDED_WITHIN_MS


def test_what_a_broker_holds_back_it_answers_within_a_request(subscriber: Any) -> None:
    """A join waits for the others, and a fetch for records; given up, both begin again."""
    given = subscriber._connection_args

    assert given["heartbeat_interval_ms"] < given["rebalance_timeout_ms"]
    assert given["rebalance_timeout_ms"] < _consumers_timeout_ms()
    assert given["fetch_max_wait_ms"] < _consumers_timeout_ms()


@pytest.mark.parametrize(
    ("module", "name", "theirs", "ours"),
    [
        (client, "create_conn", waits_for_a_silent_broker, silent_brokers.create_conn),
        (conn, "AIOKafkaConnection", AIOKafkaConnection, closed_connections.Connection),
    ],
    ids=["a broker that is silent", "a connection that is closed"],
)
def test_what_aiokafka_lacks_every_client_of_the_process_has(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, theirs: Any, ours: Any
) -> None:
    monkeypatch.setattr(module, name, theirs)

    new_broker(["127.0.0.1:1"], None, "test")

    assert getattr(module, name) is ours


def _consumers_timeout_ms() -> int:
    return int(new_broker(["127.0.0.1:1"], None, "test")._connection_kwargs["request_timeout_ms"])
