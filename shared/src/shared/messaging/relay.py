"""The relay: publishes the outbox in id order, removes a row only after the broker's ack."""

import asyncio
import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from asyncpg import Pool, Record

from shared import crash
from shared.database.pool import connect, ping
from shared.idle import Idle
from shared.messaging.envelope import unpack
from shared.messaging.kafka import KafkaConnection, close_producer, new_producer
from shared.messaging.outbox import ASIDE, CHANNEL, SHARDS
from shared.observability import metrics
from shared.pace import Pace

LEADER_LOCK_ID = 0x6F757462  # "outb"
PING_INTERVAL_S = 2.0
# Commits of all processes wake whoever leads; a row that woke nobody is found by a look.
LOOK_MAX_S = 5.0
# What Kafka has is removed by the next look, which mostly is one for more; this long it may wait.
REMOVED_WITHIN_S = 0.1
LEADER_RETRY_S = 1.0
ROWS_MAX, BYTES_MAX = 500, 8 * 1024 * 1024
PACE_ENOUGH = 100
SEND_TIMEOUT_S = 30.0
TOPIC_WAIT_S = 3.0
CLOSE_TIMEOUT_S = 5.0
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.2, 10.0

# All unsent rows of the shards we publish, the oldest first, after those that Kafka has by now were
# removed, which the same statement still sees. No SKIP LOCKED and no "id > last seen": a row that
# commits late would be overtaken, or lost.
_FETCH = f"""
WITH removed AS (DELETE FROM outbox WHERE id = ANY($4::bigint[]))
SELECT id, shard, topic, key, headers, payload FROM (
    SELECT *, sum(size) OVER (ORDER BY id) - size AS bytes_before FROM (
        SELECT *, coalesce(octet_length(payload), 0) AS size FROM outbox
        WHERE shard = ANY($1::smallint[]) AND shard < {ASIDE} AND id <> ALL($4::bigint[])
        ORDER BY id LIMIT $2) unsent) sized
WHERE bytes_before < $3 ORDER BY id
"""
_DELETE = "DELETE FROM outbox WHERE id = ANY($1::bigint[])"
_LEAD = "SELECT pg_try_advisory_lock($1)"

log = structlog.get_logger(__name__)


@dataclass
class Relay:
    """One task per process. Only leadership's holder publishes, which saves duplicates;

    order comes from the outbox itself: ids grow with each order's sequence, and whoever
    publishes starts at the oldest unsent row.
    """

    dsn: str
    pool: "Pool[Record]"
    kafka: KafkaConnection
    instance: str
    topic_prefix: str = ""
    leading: bool = False
    progress_at: float = 0.0
    _idle: Idle = field(default_factory=lambda: Idle(LOOK_MAX_S))
    _pace: Pace = field(default_factory=lambda: Pace(PACE_ENOUGH))
    _blocked: dict[int, tuple[float, float]] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)
    _acked: list[int] = field(default_factory=list)

    def wake(self) -> None:
        self._idle.wake()

    def _progressed(self) -> None:
        """Trying again is progress too: Kafka or PostgreSQL away is no reason to restart us."""
        self.progress_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Until cancelled: lead when nobody does, and publish while leading."""
        while True:
            try:
                await self._lead()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                self._progressed()
                # Whatever went wrong on the leader's session, it may be another's by now.
                log.info("relay-not-leading", error=type(error).__name__, detail=str(error)[:200])
            finally:
                self._set_leading(False)
            await asyncio.sleep(LEADER_RETRY_S)

    async def _lead(self) -> None:
        session = await connect(self.dsn, f"{self.instance}-relay", idle_session_timeout="5s")
        try:
            while not await session.fetchval(_LEAD, LEADER_LOCK_ID):
                self._progressed()
                await asyncio.sleep(LEADER_RETRY_S)
            await session.add_listener(CHANNEL, lambda *_: self.wake())
            self._set_leading(True)
            await self._publish_while_leading(session)
        finally:
            session.terminate()

    async def _publish_while_leading(self, session: "asyncpg.Connection[Record]") -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_keep_alive(session))
            tasks.create_task(self._publish_forever())

    async def _publish_forever(self) -> None:
        producer = await new_producer(self.kafka, self.instance)
        try:
            while True:
                await self._pace.rest()
                self._idle.looking()
                rows = await self._fetch()
                self._progressed()
                if not rows:
                    await self._idle.rest(self._opens_in_s())
                    continue
                self._pace.begin()
                all_sent = await self._publish(producer, rows)
                self._pace.end(len(rows))
                if not all_sent:
                    # An idempotent producer is of no more use after a failed batch: its
                    # sequence has advanced past what the broker has.
                    await close_producer(producer)
                    producer = await new_producer(self.kafka, self.instance)
                elif len(rows) == len(self._acked) < ROWS_MAX:
                    # All that was there is told; whoever commits more wakes us.
                    await self._idle.rest(REMOVED_WITHIN_S)
        finally:
            try:
                await self._remove_acked()
            finally:
                await close_producer(producer)

    async def _fetch(self) -> list[Record]:
        """The oldest unsent rows; the same round trip removes those that are acknowledged."""
        acked = self._acked
        limits = (self._open_shards(), ROWS_MAX, BYTES_MAX)
        rows: list[Record] = await self.pool.fetch(_FETCH, *limits, acked)
        self._acked = []
        return rows

    async def _remove_acked(self) -> None:
        """Before somebody else publishes: what is left would be published again."""
        acked, self._acked = self._acked, []
        if acked:
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self.pool.execute(_DELETE, acked)

    async def _publish(self, producer: AIOKafkaProducer, rows: Sequence[Record]) -> bool:
        """Send in order, await the acks; False when some failed. The next fetch removes the acked.

        Of each key only the oldest row: what is behind it waits for its ack, since a broker may
        take a later batch of a producer it does not know yet after it has refused an earlier one.
        """
        oldest = oldest_of_each_key(rows)
        crash.point("relay.before_send")
        results = await self._send_all(producer, oldest)
        crash.point("relay.after_ack")
        failed = {
            row["shard"]: error
            for row, error in zip(oldest, results, strict=True)
            if error is not None
        }
        acked = [row["id"] for row, error in zip(oldest, results, strict=True) if error is None]
        self._acked = acked
        metrics.RELAYED.inc(len(acked))
        for shard in {row["shard"] for row in oldest} - failed.keys():
            self._blocked.pop(shard, None)
        for shard, error in failed.items():
            self._block(shard, error)
        return not failed

    async def _send_all(
        self, producer: AIOKafkaProducer, rows: Sequence[Record]
    ) -> list[BaseException | None]:
        """One task, one row after the other; gives why each was not acknowledged.

        Topics that we have not sent to yet come last: nobody else waits for one that is missing.
        """
        places = sorted(range(len(rows)), key=lambda place: rows[place]["topic"] not in self._known)
        missing: set[str] = set()
        sent: list[asyncio.Future[object] | Exception] = [TimeoutError("not sent")] * len(rows)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                for place in places:
                    sent[place] = await self._send(producer, rows[place], missing)
                if waited := [one for one in sent if isinstance(one, asyncio.Future)]:
                    await asyncio.wait(waited)
        except TimeoutError:
            log.warning("relay-timed-out", rows=len(rows), timeout_s=SEND_TIMEOUT_S)
        return [_why_not(one) for one in sent]

    async def _send(
        self, producer: AIOKafkaProducer, row: Record, missing: set[str]
    ) -> "asyncio.Future[object] | Exception":
        """Hand a row to the producer; a row that it does not take holds up only its own shard."""
        topic = row["topic"]
        if topic in missing or not await self._is_there(producer, topic):
            missing.add(topic)
            return TimeoutError(f"{topic} is missing")
        try:
            sent: asyncio.Future[object] = await producer.send(
                self.topic_prefix + topic,
                row["payload"],
                key=row["key"],
                headers=unpack(row["headers"]),
            )
        except (KafkaError, AssertionError, TypeError, ValueError) as error:
            return error
        return sent

    async def _is_there(self, producer: AIOKafkaProducer, topic: str) -> bool:
        """Whether Kafka knows the topic; the producer alone would wait for it much longer."""
        try:
            async with asyncio.timeout(TOPIC_WAIT_S):
                await producer.partitions_for(self.topic_prefix + topic)
        except (KafkaError, TimeoutError):
            self._known.discard(topic)
            return False
        self._known.add(topic)
        return True

    def _open_shards(self) -> list[int]:
        now = asyncio.get_running_loop().time()
        return [n for n in range(SHARDS) if self._blocked.get(n, (0.0, 0.0))[0] <= now]

    def _opens_in_s(self) -> float:
        """Until a shard that was left alone is tried again."""
        now = asyncio.get_running_loop().time()
        left = (until - now for until, _ in self._blocked.values() if until > now)
        return min(left, default=math.inf)

    def _block(self, shard: int, error: BaseException) -> None:
        """Leave the shard alone for a while; twice as long each time in a row."""
        now = asyncio.get_running_loop().time()
        until, delay_s = self._blocked.get(shard, (0.0, BACKOFF_FIRST_S / 2))
        if until > now:
            return
        delay_s = min(delay_s * 2, BACKOFF_MAX_S)
        self._blocked[shard] = (now + delay_s, delay_s)
        metrics.RELAY_FAILED.labels(type(error).__name__).inc()
        log.warning("relay-failed", shard=shard, error=repr(error)[:200], retry_in_s=delay_s)

    def _set_leading(self, leading: bool) -> None:
        self.leading = leading
        metrics.RELAY_LEADER.set(int(leading))


async def _keep_alive(session: "asyncpg.Connection[Record]") -> None:
    """Fails as soon as the session is gone, and leadership with it."""
    ended = asyncio.Event()
    session.add_termination_listener(lambda _: ended.set())
    while True:
        await ping(session)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PING_INTERVAL_S):
                await ended.wait()


def oldest_of_each_key(rows: Sequence[Record]) -> list[Record]:
    """The first row of each topic and key, in order; a row without a key has no successor."""
    seen: set[tuple[str, bytes]] = set()
    oldest: list[Record] = []
    for row in rows:
        place = (row["topic"], row["key"])
        if row["key"] is None or place not in seen:
            oldest.append(row)
            seen.add(place)
    return oldest


def _why_not(sent: "asyncio.Future[object] | Exception") -> BaseException | None:
    """Why a row is not known to be in Kafka; nothing when it was acknowledged."""
    if isinstance(sent, Exception):
        return sent
    if not sent.done():
        sent.cancel()
        return TimeoutError("no answer")
    return asyncio.CancelledError() if sent.cancelled() else sent.exception()
