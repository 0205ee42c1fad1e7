"""``python -m tests.bench.console``: what the console costs, and how soon it answers when full.

A read model is filled with orders of four records each by the console's own projection, in this
process; then its pages are asked for, spans are sent to it, and at last records come at a fixed
rate. The services are not there: what an order's page asks of them is refused at once.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import httpx2
from asyncpg import Pool, Record
from console.otlp import PROTOBUF
from console.projection import Projection
from local_runtime.config import SERVICES
from local_runtime.databases import create_database
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.embedded import EmbeddedRuntime
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.messaging.envelope import Record as KafkaRecord

from tests.support.console_records import confirmed, projection
from tests.support.in_process import app_of, timer_of
from tests.support.waiting import ticks

BATCH = 100  # Orders at once.
EXPORTED = 512  # Spans of a request.
REQUESTS = 50
SILENT = {f"{one}_urls": ("http://127.0.0.1:9",) for one in SERVICES}
Json = dict[str, Any]


async def main(asked: argparse.Namespace) -> Json:
    with tempfile.TemporaryDirectory(prefix="orderproof-console-") as folder:
        runtime = EmbeddedRuntime(RunDir.at(Path(folder)), PortBook(fixed=False))
        backing = await runtime.start()
        try:
            dsn = await create_database(backing.postgres_admin_dsn, "console", "console")
            pool = await open_pool(dsn, "console-bench", 6)
            async with pool.acquire() as db:
                await migrate(db, "console")
            told = await _measured(pool, asked)
            await pool.close()
        finally:
            await runtime.stop()
    return told


async def _measured(pool: "Pool[Record]", asked: argparse.Namespace) -> Json:
    keeping = projection(pool)
    filled = await _fill(keeping, asked.orders)
    app = app_of("console", pool, **SILENT)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        pages = await _pages(http, asked.orders)
        async with timer_of(app, "spans"):
            spans = await _spans(http, asked.spans)
    async with timer_of(app, "figures"), timer_of(app, "looks"):
        at_rate = await _projecting(keeping, asked.orders, asked.rate, asked.seconds)
    return {
        "orders": asked.orders,
        **filled,
        "pages_ms": pages,
        "spans": spans,
        "projecting": at_rate,
    }


async def _fill(keeping: Projection, orders: int) -> Json:
    began_s, cpu_s = time.monotonic(), 0.0
    for first in range(0, orders, BATCH):
        records = _records(first, min(BATCH, orders - first), datetime.now(UTC))
        before_s = time.process_time()
        await keeping.process(records)
        cpu_s += time.process_time() - before_s
        if first % (50 * BATCH) == 0:
            print(f"\r{first} of {orders} orders", end="", file=sys.stderr)
    took_s = time.monotonic() - began_s
    print(f"\r{orders} orders in {took_s:.0f} s", file=sys.stderr)
    return {"filled_s": took_s, "cpu_s_per_1000_orders": 1000 * cpu_s / orders}


def _records(first: int, count: int, at: datetime) -> Sequence[KafkaRecord]:
    """As Kafka brings them: topic by topic."""
    made = [
        one
        for number in range(first, first + count)
        for one in confirmed(f"ord_{number:08d}", at - timedelta(seconds=1))
    ]
    return sorted(made, key=lambda one: one.topic)


async def _pages(http: httpx2.AsyncClient, orders: int) -> Json:
    middle = f"ord_{orders // 2:08d}"
    paths = {
        "search by reference": f"/orders?q=web-{middle}",
        "search by address": "/orders?q=c17850@example.com",
        "search by SKU": "/orders?q=85123A",
        "search by the beginning of an id": "/orders?q=ord_000",
        "orders": "/orders",
        "confirmed orders": "/orders?status=confirmed",
        "an order": f"/orders/{middle}",
        "now": "/",
    }
    return {name: await _timed(http, path) for name, path in paths.items()}


async def _timed(http: httpx2.AsyncClient, path: str) -> Json:
    took: list[float] = []
    for _ in range(REQUESTS):
        began_s = time.perf_counter()
        answer = await http.get(path, headers={"Accept": "text/html"})
        took.append(1000 * (time.perf_counter() - began_s))
        assert answer.status_code == 200, answer.text
    took.sort()
    return {"p50": round(took[len(took) // 2], 1), "max": round(took[-1], 1)}


async def _spans(http: httpx2.AsyncClient, count: int) -> Json:
    """What a span costs, by requests as large as OpenTelemetry's exporters make them."""
    requests = [_export_request(first) for first in range(0, count, EXPORTED)]
    headers = {"Content-Type": PROTOBUF}
    before_s, began_s = time.process_time(), time.perf_counter()
    for body in requests:
        answer = await http.post("/v1/traces", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - before_s
    sent = EXPORTED * len(requests)
    reading = await _timed(http, f"/traces/{_trace_id(count // 2).hex()}")
    each = {"us": round(1e6 * took_s / sent, 1), "cpu_us": round(1e6 * cpu_s / sent, 1)}
    return {"spans": sent, **each, "trace_ms": reading}


def _export_request(first: int) -> bytes:
    """Spans of a trace of 24 each, with the attributes that a consumer's have."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "payments"
    scope = resource.scope_spans.add()
    for number in range(first, first + EXPORTED):
        span = scope.spans.add(name="process orders.order-placed.v1", kind=5)
        span.trace_id, span.span_id = _trace_id(number), number.to_bytes(8, "big")
        span.start_time_unix_nano = time.time_ns()
        span.end_time_unix_nano = span.start_time_unix_nano + 1_000_000
        for name in ("messaging.system", "messaging.destination.name", "order.id", "event.id"):
            span.attributes.add(key=name).value.string_value = f"{name} of {number:032d}"
    return bytes(request.SerializeToString())


def _trace_id(number: int) -> bytes:
    return blake2b(str(number // 24).encode(), digest_size=16).digest()


async def _projecting(keeping: Projection, orders: int, rate: float, seconds: float) -> Json:
    """CPU of this process while records come, ten batches a second, and its timers run."""
    batches = list(_batches(orders, rate, seconds))
    before_s, began_s = time.process_time(), time.monotonic()
    async for number in ticks(10, len(batches)):
        await keeping.process(batches[number])
    took_s = time.monotonic() - began_s
    cores = (time.process_time() - before_s) / took_s
    return {"orders_s": rate, "took_s": round(took_s, 1), "cores": round(cores, 3)}


def _batches(first: int, rate: float, seconds: float) -> Iterator[Sequence[KafkaRecord]]:
    each = max(1, round(rate / 10))
    for number in range(round(seconds * 10)):
        yield _records(first + number * each, each, datetime.now(UTC))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console")
    parser.add_argument("--orders", type=int, default=100_000, help="in the read model")
    parser.add_argument("--spans", type=int, default=200_000, help="that are sent to it")
    parser.add_argument("--rate", type=float, default=300, help="orders a second that come then")
    parser.add_argument("--seconds", type=float, default=30, help="for so long")
    print(json.dumps(asyncio.run(main(parser.parse_args())), indent=2))
