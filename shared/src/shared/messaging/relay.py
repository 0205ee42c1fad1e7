"""The relay: publishes the outbox in id order, deletes a row only after the broker's ack."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from asyncpg import Pool, Record

from shared import crash
from shared.database.pool import connect, ping
from shared.messaging.envelope import unpack
from shared.messaging.kafka import KafkaConnection, new_producer
from shared.messaging.outbox import CHANNEL, SHARDS
from shared.observability import metrics

LEADER_LOCK_ID = 0x6F757462  # "outb"
POLL_S = 0.2
PING_INTERVAL_S = 1.0
LEADER_RETRY_S = 1.0
ROWS_MAX = 500
SEND_TIMEOUT_S = 30.0
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.2, 10.0

# All unsent rows of the shards we publish, the oldest first. No SKIP LOCKED and no "id > last
# seen": a row that commits late would be overtaken, or lost.
_FETCH = """
SELECT id, shard, topic, key, headers, payload FROM outbox
WHERE shard = ANY($1::smallint[]) ORDER BY id LIMIT $2
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
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _blocked: dict[int, tuple[float, float]] = field(default_factory=dict)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled: lead when nobody does, and publish while leading."""
        while True:
            try:
                await self._lead()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                # Whatever went wrong on the leader's session, it may be another's by now.
                log.info("relay-not-leading", error=type(error).__name__, detail=str(error)[:200])
            finally:
                self._set_leading(False)
            await asyncio.sleep(LEADER_RETRY_S)

    async def _lead(self) -> None:
        session = await connect(self.dsn, f"{self.instance}-relay", idle_session_timeout="5s")
        try:
            while not await session.fetchval(_LEAD, LEADER_LOCK_ID):
                self.progress_at = asyncio.get_running_loop().time()
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
                self._woken.clear()
                rows = await self.pool.fetch(_FETCH, self._open_shards(), ROWS_MAX)
                self.progress_at = asyncio.get_running_loop().time()
                if not rows:
                    await self._rest()
                elif not await self._publish(producer, rows):
                    # An idempotent producer is of no more use after a failed batch: its
                    # sequence has advanced past what the broker has.
                    await _close(producer)
                    producer = await new_producer(self.kafka, self.instance)
        finally:
            await _close(producer)

    async def _publish(self, producer: AIOKafkaProducer, rows: Sequence[Record]) -> bool:
        """Send in order, await the acks, delete what was acknowledged; False when some failed."""
        crash.point("relay.before_send")
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                sent = [await self._send(producer, row) for row in rows]
                results = await asyncio.gather(*sent, return_exceptions=True)
        except (TimeoutError, KafkaError) as error:
            results = [error] * len(rows)
        crash.point("relay.after_ack")
        acked: list[int] = []
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, BaseException):
                self._block(row["shard"], result)
            else:
                acked.append(row["id"])
                self._blocked.pop(row["shard"], None)
        if acked:
            await self.pool.execute(_DELETE, acked)
            metrics.RELAYED.inc(len(acked))
        return len(acked) == len(rows)

    async def _send(self, producer: AIOKafkaProducer, row: Record) -> "asyncio.Future[object]":
        sent: asyncio.Future[object] = await producer.send(
            self.topic_prefix + row["topic"],
            row["payload"],
            key=row["key"],
            headers=unpack(row["headers"]),
        )
        return sent

    def _open_shards(self) -> list[int]:
        now = asyncio.get_running_loop().time()
        return [n for n in range(SHARDS) if self._blocked.get(n, (0.0, 0.0))[0] <= now]

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

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._woken.wait()
        except TimeoutError:
            pass

    def _set_leading(self, leading: bool) -> None:
        self.leading = leading
        metrics.RELAY_LEADER.set(int(leading))


async def _keep_alive(session: "asyncpg.Connection[Record]") -> None:
    """Fails as soon as the session is gone, and leadership with it."""
    while True:
        await ping(session)
        await asyncio.sleep(PING_INTERVAL_S)


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(5):
            await producer.stop()
    except (TimeoutError, KafkaError) as error:
        log.info("producer-close-failed", error=type(error).__name__)
