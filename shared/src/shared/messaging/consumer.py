"""The FastStream side: one batch subscriber per group and process, watched for progress."""

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaMessage
from faststream.message import AckStatus

from shared import crash
from shared.messaging.envelope import Record
from shared.messaging.pipeline import Pipeline
from shared.observability import metrics
from shared.pace import Pace

SESSION_TIMEOUT_MS = 10_000
# A join is answered when all members have heard of it by a heartbeat, or after this; both within
# the time of a request. A member that is late keeps its static place and joins again.
REBALANCE_TIMEOUT_MS = 2_000
HEARTBEAT_INTERVAL_MS = 1_500
POLL_INTERVAL_MAX_MS = 300_000
WAIT_MS, IDLE_WAIT_MS = 1_000, 5_000
FETCH_WAIT_MAX_MS = 1_500  # The broker answers at once when there is a record.
EMPTY_PAUSE_MS = 10
PROGRESS_INTERVAL_S = 10.0
STALLED_AFTER_S = 60.0  # Longer than a batch is tried for, its last statement included.
# A commit costs a round trip and a write of the broker's. What a successor reads again because it
# was not committed, the inbox knows.
COMMIT_INTERVAL_S = 2.0
PACE_ENOUGH = 100  # Records in a batch that cost so little each that nobody rests for more.

RawBatch = Sequence["ConsumerRecord[bytes, bytes]"]
log = structlog.get_logger(__name__)


class Consumer:
    """A group's subscriber and what is known of its progress."""

    def __init__(
        self,
        broker: KafkaBroker,
        pipeline: Pipeline,
        instance: str,
        topic_prefix: str,
        fatal: Callable[[str], None],
    ) -> None:
        self.pipeline = pipeline
        self.progress_at = 0.0
        self._joined_at = 0.0
        self._read_at = 0.0
        self._measurable = asyncio.Event()
        self._in_work: dict[TopicPartition, int] = {}
        self._committed_at = 0.0
        self._uncommitted = False
        self._last_timestamp_ms: int | None = None
        self._caught_up_at: float | None = None
        self._pace = Pace(PACE_ENOUGH, pipeline.group.interval_s_min)
        self._prefix = topic_prefix
        self._fatal = fatal
        self._subscriber = broker.subscriber(
            *(topic_prefix + topic for topic in pipeline.group.topics),
            group_id=topic_prefix + pipeline.group.name,
            group_instance_id=f"{instance}-{pipeline.group.name}",
            batch=True,
            max_records=pipeline.records_max,
            batch_timeout_ms=EMPTY_PAUSE_MS,
            fetch_max_wait_ms=FETCH_WAIT_MAX_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            parser=_parse,
            decoder=_decode,
            no_reply=True,
            listener=_CrashOnRevoke(),
            session_timeout_ms=SESSION_TIMEOUT_MS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
            max_poll_interval_ms=POLL_INTERVAL_MAX_MS,
            title=pipeline.group.name,
            description=pipeline.group.wakes,
        )
        self._subscriber(self._consume)

    @property
    def assigned(self) -> bool:
        """Whether Kafka has given this member its place; it may have no partition."""
        consumer = self._subscriber.consumer
        return consumer is not None and self.progress_at > 0

    @property
    def name(self) -> str:
        return self.pipeline.group.name

    def watch(self) -> None:
        """Once started: measure each poll, and end the process when the consumer is dead.

        FastStream only logs an error of the consume loop, and a member that was fenced or lost
        its coordinator does not come back by itself.
        """
        consumer = self._subscriber.consumer
        assert consumer is not None
        poll = consumer.getmany

        async def watched(*_: Any, timeout_ms: int, max_records: int) -> Any:
            await self._pace.rest()
            try:
                # A longer wait than FastStream's, which sleeps as long again when it is empty.
                wait_ms = max(self._wait_ms, timeout_ms)
                polled = await poll(timeout_ms=wait_ms, max_records=max_records)
            except ConsumerStoppedError:
                raise
            except Exception as error:
                # aiokafka drops what it has unpacked beside the error but moves past it, and the
                # next commit would too: this process reads and commits nothing more.
                self._fatal(f"consumer {self.name}: {error!r}")
                return await asyncio.get_running_loop().create_future()
            if not polled:
                await self._commit(consumer)
            if polled or consumer.assignment():
                self._join()
            return polled

        setattr(consumer, "getmany", watched)  # noqa: B010

    def _join(self) -> None:
        """Kafka has given this member its place: from here on there is something to measure."""
        if self.progress_at == 0:
            self.progress_at = self._joined_at = asyncio.get_running_loop().time()
            self._measurable.set()

    @property
    def _wait_ms(self) -> int:
        """Who has something to commit, or has not told yet that it is assigned, waits less."""
        return WAIT_MS if self._uncommitted or self.progress_at == 0 else IDLE_WAIT_MS

    async def _commit(self, consumer: "AIOKafkaConsumer[bytes, bytes]") -> None:
        """Commit what was applied, from the loop that polls: what is polled is applied then."""
        if not self._uncommitted:
            return
        self._uncommitted = False
        try:
            await consumer.commit()
        except KafkaError as error:
            log.info("offsets-not-committed", group=self.name, error=repr(error)[:200])

    async def keep_checking(self) -> None:
        """Check every ``PROGRESS_INTERVAL_S``, and at once when there is something to measure."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PROGRESS_INTERVAL_S):
                    await self._measurable.wait()
            self._measurable.clear()
            await self.check_progress()

    async def check_progress(self) -> None:
        """End the process when records wait, nothing stops us on purpose, and none is read."""
        consumer = self._subscriber.consumer
        now = asyncio.get_running_loop().time()
        if consumer is None or self.progress_at == 0:
            return
        if consumer._client._sync_task.done():
            self._fatal(f"consumer {self.name}: nothing updates its metadata any more")
        lag = await self._lag(consumer)
        if lag is not None:
            metrics.CONSUMER_LAG.labels(self.name).set(lag)
        if lag == 0:
            self._caught_up_at = now
        if (behind_s := self._behind_s(now)) is not None:
            metrics.CONSUMER_LAG_SECONDS.labels(self.name).set(behind_s)
        stopped = self.pipeline.breaker.stopped_by is not None
        metrics.PARTITION_STOPPED.labels(self.name).set(int(stopped))
        if not lag or stopped or self.pipeline.holding:
            self._read_at = now
        elif now - max(self._read_at, self.progress_at) > STALLED_AFTER_S:
            self._fatal(f"consumer {self.name}: {lag} records wait and none is read")

    def _behind_s(self, now: float) -> float | None:
        """How old what waits may be: no older than what was read last, nor than the last look at
        which nothing did. None of who has just come: what it has not read may be of any age.
        """
        if self._last_timestamp_ms is not None:
            age_s = max(0.0, time.time() - self._last_timestamp_ms / 1000)
        else:
            age_s = now - self._joined_at
            if self._caught_up_at is None and age_s < PROGRESS_INTERVAL_S:
                return None
        return age_s if self._caught_up_at is None else min(age_s, now - self._caught_up_at)

    async def _lag(self, consumer: "AIOKafkaConsumer[bytes, bytes]") -> int | None:
        """Records not yet applied in the partitions we are at, by the broker's end offsets; None
        when it does not tell them.

        The position is where we read on; it passes what holds no record of ours, too, and goes
        back when a batch failed.
        """
        assigned = list(consumer.assignment())
        if not assigned:
            return 0
        try:
            async with asyncio.timeout(5):
                positions = {tp: await consumer.position(tp) for tp in assigned}
                ends = await consumer.end_offsets(assigned)
        except (TimeoutError, KafkaError):
            return None
        at = {tp: self._in_work.get(tp, position) for tp, position in positions.items()}
        lags: list[int] = [max(0, ends[tp] - offset) for tp, offset in at.items()]
        return sum(lags)

    async def _consume(self, message: Any) -> None:  # AsyncAPI would describe a typed argument.
        raw: RawBatch = message.raw_message
        self._join()
        self._pace.begin()
        for one in raw:
            self._in_work.setdefault(TopicPartition(one.topic, one.partition), one.offset)
        try:
            await self.pipeline.process([self._record(one) for one in raw])
        finally:
            self._in_work = {}
            # Trying is progress too: a database that is away is no reason to restart us.
            self.progress_at = now = asyncio.get_running_loop().time()
        if self._last_timestamp_ms is None:
            self._measurable.set()
        self._last_timestamp_ms = raw[-1].timestamp
        self._pace.end(len(raw))
        self._uncommitted = now - self._committed_at < COMMIT_INTERVAL_S
        if self._uncommitted:
            message.committed = AckStatus.ACKED  # FastStream commits nothing then.
        else:
            self._committed_at = now

    def _record(self, raw: "ConsumerRecord[bytes, bytes]") -> Record:
        return Record(
            topic=raw.topic.removeprefix(self._prefix),
            partition=raw.partition,
            offset=raw.offset,
            key=raw.key,
            value=raw.value,
            headers=raw.headers,
            timestamp_ms=raw.timestamp,
        )


class _CrashOnRevoke(ConsumerRebalanceListener):  # type: ignore[misc]
    """A rebalance needs nothing of us, since a batch is a transaction: only the seam is here.

    A commit from here would pass what was polled and is not applied yet.
    """

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if revoked:
            crash.point("consumer.on_revoke")

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Reading goes on where the group has committed."""


async def _parse(
    records: RawBatch, original: Callable[[RawBatch], Awaitable[KafkaMessage]]
) -> KafkaMessage:
    """Keep FastStream's parser away from headers: one it cannot read would lose the batch.

    All it is to give is a message that can be acknowledged, for which one record is enough.
    """
    message = await original((dataclasses.replace(records[0], headers=()),))
    message.raw_message = records
    return message


async def _decode(message: KafkaMessage) -> KafkaMessage:
    return message
