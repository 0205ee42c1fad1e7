"""A consumer that does not get on is noticed, and one that lost records commits nothing more."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaConnectionError
from prometheus_client import REGISTRY
from shared.database.pool import COMMAND_TIMEOUT_S
from shared.messaging import consumer as module
from shared.messaging.broker import new_broker
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import Record
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline
from shared.messaging.retry import BUDGET_S
from shared.observability import metrics

from tests.support.waiting import eventually

PLACE = TopicPartition("orders.events.v1", 3)


class Kafka:
    """What is asked of aiokafka's consumer: one partition, its position and its end, and the task
    that updates its metadata.
    """

    def __init__(self, position: int, end: int) -> None:
        self._client = self
        self._sync_task = asyncio.get_running_loop().create_future()
        self.at, self.end = position, end
        self.polls: list[Any] = []
        self.is_away = False

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def position(self, _: TopicPartition) -> int:
        return self.at

    async def end_offsets(self, asked: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        if self.is_away:
            raise KafkaConnectionError
        return dict.fromkeys(asked, self.end)

    async def getmany(self, **_: Any) -> Any:
        polled = self.polls.pop(0)
        if isinstance(polled, Exception):
            raise polled
        return polled


class Applying(Pipeline):
    """A pipeline that takes until it is told, and then succeeds or fails."""

    result: "asyncio.Future[None]"

    async def process(self, records: Sequence[Record]) -> None:
        await self.result


def watched(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch, joined: bool = True
) -> tuple[Any, list[str]]:
    """A consumer at that place, which has its assignment, and why it wanted to die."""
    deaths: list[str] = []
    nothing: Any = None
    pipeline = Applying("tally", ConsumerGroup("tally", (PLACE.topic,), {}), nothing)
    pipeline.result = asyncio.get_running_loop().create_future()
    consumer: Any = Consumer(
        new_broker(["127.0.0.1:1"], None, "test"), pipeline, "test-0", "", deaths.append
    )
    consumer._subscriber.consumer = kafka
    consumer.watch()
    if joined:
        consumer._join()
    monkeypatch.setattr(module, "STALLED_AFTER_S", -1.0)
    return consumer, deaths


def batch(*offsets: int, written_s_ago: float = 0) -> Any:
    written_ms = int((time.time() - written_s_ago) * 1000)

    class Message:
        raw_message = tuple(
            ConsumerRecord(
                PLACE.topic, PLACE.partition, n, written_ms, 0, None, None, None, 0, 0, ()
            )
            for n in offsets
        )

    return Message()


async def test_a_member_that_never_read_what_waits_for_it_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer, deaths = watched(Kafka(position=10, end=17), monkeypatch)

    await consumer.check_progress()

    assert deaths == ["consumer tally: 7 records wait and none is read"]


async def test_records_in_work_wait_until_they_are_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer, deaths = watched(Kafka(position=17, end=17), monkeypatch)
    applying = asyncio.create_task(consumer._consume(batch(15, 16)))
    await asyncio.sleep(0)

    await consumer.check_progress()
    assert deaths == ["consumer tally: 2 records wait and none is read"]

    consumer.pipeline.result.set_result(None)
    await applying
    await consumer.check_progress()
    assert len(deaths) == 1


async def test_a_batch_that_is_tried_again_and_again_is_no_death(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database is away for longer than a consumer may go without progress."""
    consumer, deaths = watched(Kafka(position=17, end=18), monkeypatch)
    monkeypatch.setattr(module, "STALLED_AFTER_S", BUDGET_S + COMMAND_TIMEOUT_S)
    consumer.progress_at -= module.STALLED_AFTER_S + 1
    consumer.pipeline.result.set_exception(ConnectionRefusedError())

    with pytest.raises(ConnectionRefusedError):
        await consumer._consume(batch(17))
    await consumer.check_progress()

    assert deaths == []


async def test_a_member_whose_metadata_nobody_updates_is_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kafka = Kafka(position=17, end=17)
    consumer, deaths = watched(kafka, monkeypatch)

    await consumer.check_progress()
    assert deaths == []

    kafka._sync_task.set_exception(RuntimeError("the handler is closed"))
    await consumer.check_progress()
    assert deaths == ["consumer tally: nothing updates its metadata any more"]
    kafka._sync_task.exception()


def test_a_batch_is_not_tried_for_so_long_that_its_consumer_seems_dead() -> None:
    assert BUDGET_S + COMMAND_TIMEOUT_S < module.STALLED_AFTER_S


def lag_s() -> float | None:
    return REGISTRY.get_sample_value("orderproof_consumer_lag_seconds", {"consumer": "tally"})


async def test_how_far_behind_it_is_is_the_age_of_what_was_read_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer, _ = watched(Kafka(position=17, end=18), monkeypatch)
    consumer._joined_at -= 30
    await consumer.check_progress()
    assert lag_s() == pytest.approx(30, abs=5), "nothing was read yet"

    consumer.pipeline.result.set_result(None)
    await consumer._consume(batch(16, written_s_ago=90))
    await consumer.check_progress()
    assert lag_s() == pytest.approx(90, abs=5)


@pytest.fixture
def nothing_told() -> None:
    """Of the group's lag, as in a process that has just begun."""
    for gauge in (metrics.CONSUMER_LAG, metrics.CONSUMER_LAG_SECONDS):
        gauge.remove("tally")


async def measured(expected_s: float) -> None:
    async def is_told() -> bool:
        return lag_s() == pytest.approx(expected_s, abs=5)

    await eventually(is_told, f"{expected_s} s behind", module.PROGRESS_INTERVAL_S / 2)


@pytest.mark.usefixtures("nothing_told")
async def test_how_far_behind_it_is_is_told_as_soon_as_it_has_its_place_and_not_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kafka = Kafka(position=18, end=18)
    kafka.polls = [{}]
    consumer, _ = watched(kafka, monkeypatch, joined=False)
    checking = asyncio.create_task(consumer.keep_checking())
    await asyncio.sleep(0)
    await consumer.check_progress()
    assert lag_s() is None

    await consumer._subscriber.get_msg(kafka)
    await measured(0)
    checking.cancel()


@pytest.mark.usefixtures("nothing_told")
async def test_who_has_just_come_and_read_nothing_does_not_say_how_old_what_waits_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may have waited for hours; it is told with the first batch."""
    consumer, _ = watched(Kafka(position=16, end=18), monkeypatch)
    checking = asyncio.create_task(consumer.keep_checking())
    await consumer.check_progress()
    assert REGISTRY.get_sample_value("orderproof_consumer_lag_records", {"consumer": "tally"}) == 2
    assert lag_s() is None

    consumer.pipeline.result.set_result(None)
    await consumer._consume(batch(16, written_s_ago=9_000))
    await measured(9_000)
    checking.cancel()


async def test_what_came_since_nothing_waited_is_no_older_than_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a shop at night the last record is of hours ago, and the next one is not."""
    kafka = Kafka(position=18, end=18)
    consumer, _ = watched(kafka, monkeypatch)
    consumer.pipeline.result.set_result(None)
    await consumer._consume(batch(17, written_s_ago=9_000))
    await consumer.check_progress()
    assert lag_s() == 0

    kafka.end = 19
    consumer._caught_up_at -= 10
    await consumer.check_progress()
    assert lag_s() == pytest.approx(10, abs=5)


async def test_who_does_not_reach_the_broker_may_be_as_far_behind_as_it_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is no death either: nobody knows whether anything waits."""
    kafka = Kafka(position=18, end=18)
    consumer, deaths = watched(kafka, monkeypatch)
    await consumer.check_progress()

    kafka.is_away = True
    consumer._caught_up_at -= 40
    consumer.progress_at -= 40
    consumer._joined_at -= 40
    await consumer.check_progress()
    assert lag_s() == pytest.approx(40, abs=5)
    assert deaths == []

    kafka.is_away = False
    await consumer.check_progress()
    assert lag_s() == 0


async def test_what_another_member_applied_meanwhile_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A partition that left and came back is further on, whatever was read of it before."""
    kafka = Kafka(position=17, end=17)
    consumer, deaths = watched(kafka, monkeypatch)
    consumer.pipeline.result.set_result(None)
    await consumer._consume(batch(15, 16))

    kafka.at = kafka.end = 900
    await consumer.check_progress()

    assert deaths == []


@pytest.mark.parametrize("error", [CorruptRecordException("Invalid CRC"), OSError()])
async def test_nothing_is_handed_out_after_a_poll_that_failed(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A disk that lies does this; the next commit would pass what the poll took."""
    kafka = Kafka(0, 1)
    kafka.polls = [error, {PLACE: "the next"}]
    consumer, deaths = watched(kafka, monkeypatch)

    poll = asyncio.create_task(consumer._subscriber.get_msg(kafka))

    async def died() -> bool:
        return bool(deaths)

    await eventually(died, "the consumer wants to die", 2)
    assert not poll.done()
    assert len(kafka.polls) == 1
    poll.cancel()
