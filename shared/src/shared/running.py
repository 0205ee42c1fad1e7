"""A service's life: start in any order, run until told to stop or a part dies, drain, end."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

import structlog
from asyncpg import Pool, Record
from faststream.kafka import KafkaBroker
from opentelemetry.sdk.trace.export import SpanExporter

from shared import crash
from shared.clock import Clock
from shared.contracts.topics import dead_letters
from shared.database.migrate import MigrationChanged, migrate_at
from shared.database.pool import open_pool
from shared.database.transient import is_transient
from shared.giving_way import give_way
from shared.http.app import new_app
from shared.http.ops import Parts, health_routes, ops_routes
from shared.http.server import Server, new_server
from shared.invariants.common import promises_of
from shared.invariants.watch import Watch
from shared.messaging.broker import new_broker
from shared.messaging.consumer import Consumer
from shared.messaging.group import ConsumerGroup
from shared.messaging.kafka import KafkaConnection
from shared.messaging.relay import Relay
from shared.messaging.topics_check import UnsafeTopic, wait_for_topics
from shared.messaging.unit_of_work import Transactions
from shared.observability import logging, tracing
from shared.retention import refuse_short_memory, timer_of
from shared.service import Running, Service, Timer
from shared.settings import EX_CONFIG, ServiceSettings, load

EX_SOFTWARE = 70  # sysexits.h: a part died, start us again.
REST_S_MAX = 5.0
ALLOWANCES = {
    "local": "one broker and trust authentication, on loopback only",
    "single-node": "one broker, and no encryption inside a network of this machine",
}
CLOSE_TIMEOUT_S = 3.0

GC_ALLOCATIONS = 20_000  # Before the youngest are looked at; Python's own figure is 700.

Settings = TypeVar("Settings", bound=ServiceSettings)
log = structlog.get_logger(__name__)


def run(settings: type[Settings], build: Callable[[Settings], Service]) -> None:
    """The main function of a service; ends the process with a sysexits.h code."""
    loaded = load(settings)
    service = build(loaded)
    refuse_short_memory(service)
    logging.set_up(service.name, loaded.instance_name)
    crash.arm(loaded.crash_dir, loaded.instance_name)
    if loaded.environment in ALLOWANCES:
        log.info(loaded.environment, allows=ALLOWANCES[loaded.environment])
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        sys.exit(runner.run(_Process(service).run()))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def _spare_the_collector() -> None:
    """What is there once a service runs stays: looking at it again took a tenth of the CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, *gc.get_threshold()[1:])


def _exporter() -> SpanExporter | None:
    """Where traces go, if anywhere; its library is a tenth of a start, so it is imported here."""
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


@dataclass
class _Process:
    """The parts of one running service, in the order they start; they stop in the other."""

    service: Service
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _code: int = 0
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def run(self) -> int:
        """Until told to stop, also while the database is waited for; gives the exit code."""
        self._listen_to_signals()
        opening = asyncio.create_task(self._open())
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not opening.done():
            opening.cancel()
            return self._code
        try:
            pool = opening.result()
        except MigrationChanged as changed:
            self._die(str(changed), EX_CONFIG)
            return self._code
        return await self._serve(pool)

    async def _open(self) -> "Pool[Record]":
        """The pool, once the server answers and its tables are this release's."""
        settings = self.service.settings
        dsn, name = str(settings.database_url), settings.instance_name
        pool = await open_pool(dsn, name, settings.database_connections_max)
        if applied := await migrate_at(dsn, name, self.service.name):
            log.info("migrated", applied=applied)
        return pool

    async def _serve(self, pool: "Pool[Record]") -> int:
        service, settings = self.service, self.service.settings
        provider = tracing.set_up(service.name, settings.instance_name, _exporter())
        clock = Clock(timedelta(seconds=settings.clock_offset_s))
        transactions = Transactions(pool, clock, service.unit_of_work)
        running = Running(settings, pool, clock, transactions)
        kafka = KafkaConnection(
            settings.kafka_bootstrap, settings.kafka_username, settings.kafka_password
        )
        broker = new_broker(kafka.servers, kafka.security(), settings.instance_name)
        parts = self._parts(running, broker, kafka)
        app = new_app(
            service.name,
            settings,
            [*service.routes(running), health_routes(parts, pool), ops_routes(service, running)],
            broker,
            service.guards,
            service.body_bytes_max,
        )
        server = new_server(app, settings)
        self._start("http", server.serve)
        if service.publishes or service.has_inbox:
            self._start("relay", parts.relay.run)
        if parts.worker is not None:
            self._start("worker", parts.worker.run)
        for name, loop in service.background(running).items():
            self._start(name, loop)
        for timer in (*service.timers, timer_of(service)):
            self._start(timer.name, partial(tick, timer, running))
        watch = Watch(pool, promises_of(service), settings.invariants_interval_s)
        self._start("invariants", watch.run)
        self._start("consumers", lambda: self._consume(broker, kafka, parts))
        _spare_the_collector()
        await self._stop.wait()
        await self._drain(broker, parts, server)
        if service.close is not None:
            await service.close()
        # It would wait for ever for a connection whose server does not answer.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await pool.close()
        await asyncio.to_thread(provider.shutdown)
        return self._code

    def _parts(self, running: Running, broker: KafkaBroker, kafka: KafkaConnection) -> Parts:
        service, settings = self.service, running.settings
        dsn = str(settings.database_url)
        relay = Relay(dsn, running.pool, kafka, settings.instance_name, settings.topic_prefix)
        running.transactions.leads_relay = lambda: relay.leading
        running.transactions.on_events.append(relay.wake)
        worker = service.worker(running) if service.worker else None
        if worker is not None:
            running.transactions.hand = worker
        consumers = [
            Consumer(
                broker,
                service.pipeline(
                    service.name,
                    group,
                    running.transactions,
                    settings.parked_orders_per_minute_max,
                    settings.batch_records_max,
                    _gate(service, group, running),
                ),
                settings.instance_name,
                settings.topic_prefix,
                self._die,
            )
            for group in service.groups
        ]
        document_publishers(service, broker, settings.topic_prefix)
        return Parts(consumers, relay, worker)

    def _start(self, name: str, act: Callable[[], Awaitable[None]]) -> None:
        async def watched() -> None:
            try:
                await act()
            except asyncio.CancelledError:
                raise
            except UnsafeTopic as error:
                self._die(str(error), EX_CONFIG)
            except BaseException as error:
                log.error("part-died", part=name, exc_info=error)
                self._die(f"{name}: {error!r}")
            else:
                if not self._stop.is_set():
                    self._die(f"{name} ended")

        self._tasks.append(asyncio.create_task(watched(), name=name))

    async def _consume(self, broker: KafkaBroker, kafka: KafkaConnection, parts: Parts) -> None:
        """Join the groups once the topics are there; then see to it that they are read."""
        settings = self.service.settings
        names = {topic for group in self.service.groups for topic in group.topics}
        names |= {event.topic for event in self.service.publishes}
        if self.service.has_inbox:
            names.add(dead_letters(self.service.name))
        topics = {settings.topic_prefix + name for name in names}
        await wait_for_topics(kafka, topics, production=settings.environment == "production")
        await broker.start()
        for consumer in parts.consumers:
            consumer.watch()
        parts.started = True
        give_way(self.service.nice)
        log.info("started")
        await asyncio.gather(*(consumer.keep_checking() for consumer in parts.consumers))

    async def _drain(self, broker: KafkaBroker, parts: Parts, server: Server) -> None:
        """Take in no more, finish what is under way, tell what was committed, then go."""
        parts.draining = True
        server.should_exit = True
        self._end(keep=("http", "relay", "consumers"))
        timeout_s = self.service.settings.drain_timeout_s
        drains = [asyncio.create_task(broker.stop())]
        if parts.worker is not None:
            drains.append(asyncio.create_task(parts.worker.drain(timeout_s)))
        # At the same time: one that has nobody to wait for must not use up the other's.
        ended, late = await asyncio.wait(drains, timeout=timeout_s)
        for task in late:
            task.cancel()
        for failed in filter(None, (task.exception() for task in ended)):
            log.warning("drain-failed", error=type(failed).__name__)
        self._end(keep=("http",))
        await asyncio.wait(self._tasks, timeout=3)

    def _end(self, keep: Collection[str]) -> None:
        for task in self._tasks:
            if task.get_name() not in keep:
                task.cancel()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self._stop.set)

    def _die(self, why: str, code: int = EX_SOFTWARE) -> None:
        if not self._stop.is_set():
            log.error("stopping", why=why, exit_code=code)
            self._code = code
            self._stop.set()


def _gate(
    service: Service, group: ConsumerGroup, running: Running
) -> Callable[[], Awaitable[bool]] | None:
    gate = service.gates.get(group.name)
    return None if gate is None else partial(gate, running)


async def tick(timer: Timer, running: Running) -> None:
    """Act every ``interval_s``, whatever passes by itself; anything else ends the service."""
    while True:
        rest_s = 0.0
        try:
            rest_s = await timer.act(running) or 0.0
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("timer-retried", timer=timer.name, error=str(error)[:200])
        await asyncio.sleep(max(timer.interval_s, min(rest_s, REST_S_MAX)))


def document_publishers(service: Service, broker: KafkaBroker, topic_prefix: str) -> None:
    """What the relay publishes, for AsyncAPI; the records themselves go through the outbox."""
    for event in service.publishes:
        broker.publisher(
            topic_prefix + event.topic, title=event.type, description=event.__doc__, schema=event
        )
