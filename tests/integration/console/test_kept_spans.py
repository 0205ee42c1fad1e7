"""Spans in the console's database: by trace, over its restarts, and never too many or too old."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx2
from asyncpg import Pool, Record
from console import store
from console.domain.spans import SLOTS, TRACE_SPANS_MAX, Keeping
from console.otlp import PROTOBUF
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from shared.observability.spans import Span

from tests.integration.console.browsing import browser, told
from tests.integration.console.services import FakeServices
from tests.support.console_records import TRACE, placed, projection, record
from tests.support.in_process import Transport, app_of, timer_of
from tests.support.waiting import eventually

KEEP = timedelta(hours=8)
KEEPING = Keeping(spans_max=80, keep=KEEP)


def a_span(number: int) -> Span:
    return Span(TRACE, f"{number:016x}", "", f"span {number}", "orders", "server", 1, 2)


def export(*names: str) -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, name in enumerate(names, 1):
        spans.add(name=name, trace_id=bytes.fromhex(TRACE), span_id=number.to_bytes(8, "big"))
    return bytes(request.SerializeToString())


async def keep(pool: "Pool[Record]", spans: Sequence[Span]) -> None:
    async with pool.acquire() as db:
        await store.insert_spans(db, spans)


async def turn(pool: "Pool[Record]", now: datetime) -> bool:
    async with pool.acquire() as db, db.transaction():
        return await store.turn_spans(db, KEEPING, now)


async def kept(pool: "Pool[Record]", trace_id: str = TRACE) -> list[Span]:
    async with pool.acquire() as db:
        return await store.spans_of(db, trace_id)


async def test_what_was_sent_is_shown_by_another_console_too(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    """The second is the same after a restart: it has nothing in memory."""
    await projection(pool).process([record(placed("ord_1"), 1)])
    headers = {"Content-Type": PROTOBUF}
    async with browser(pool, services) as client:
        sent = await client.post("/v1/traces", content=export("place", "charge"), headers=headers)
    async with browser(pool, services) as client:
        of_trace = await told(client, f"/traces/{TRACE}")
        of_order = await told(client, "/orders/ord_1")

    assert sent.status_code == 200
    assert [one["name"] for one in of_trace["spans"]] == ["place", "charge"]
    assert [one["name"] for one in of_order["trace"]] == ["place", "charge"]


async def test_a_span_is_as_it_was_whatever_its_text(pool: "Pool[Record]") -> None:
    span = Span(
        TRACE,
        "1" * 16,
        "2" * 16,
        "a\x00b",
        "\u2603",
        "client",
        2**63,
        2**64 - 1,
        True,
        {"k": "\x00"},
        ("3" * 32,),
    )
    await keep(pool, [span])

    assert await kept(pool) == [span]
    assert await kept(pool, "0" * 32) == []


async def test_a_trace_without_end_is_read_as_far_as_it_can_be_shown(pool: "Pool[Record]") -> None:
    await keep(pool, [a_span(n) for n in range(TRACE_SPANS_MAX + 5)])

    assert len(await kept(pool)) == TRACE_SPANS_MAX


async def test_the_oldest_go_when_there_are_as_many_as_may_be(pool: "Pool[Record]") -> None:
    """An eighth at a time, and nothing while the one that is filled has room."""
    now = datetime.now(UTC)
    for number in range(3 * SLOTS):
        await keep(pool, [a_span(10 * number + n) for n in range(9)])
        assert not await turn(pool, now)
        await keep(pool, [a_span(10 * number + 9)])
        assert await turn(pool, now)
    left = {int(one.span_id, 16) for one in await kept(pool)}

    assert left == set(range(10 * (2 * SLOTS + 1), 10 * 3 * SLOTS))


async def test_the_oldest_go_when_their_time_is_over(pool: "Pool[Record]") -> None:
    now = datetime.now(UTC)
    await turn(pool, now + KEEP)
    await keep(pool, [a_span(1)])
    for part in range(1, SLOTS):
        assert await turn(pool, now + KEEP + part * KEEP / SLOTS)
        assert len(await kept(pool)) == 1
    assert not await turn(pool, now + 2 * KEEP - timedelta(seconds=1))
    assert await turn(pool, now + 2 * KEEP)

    assert await kept(pool) == []


async def test_one_instance_turns_at_a_time_and_the_other_waits_for_nobody(
    pool: "Pool[Record]",
) -> None:
    late = datetime.now(UTC) + 9 * KEEP
    async with pool.acquire() as db, db.transaction():
        assert await store.turn_spans(db, KEEPING, late)
        assert not await turn(pool, late + KEEP)


async def test_the_service_turns_by_itself_and_keeps_none_when_told_so(
    pool: "Pool[Record]", services: FakeServices
) -> None:
    app = app_of("console", pool, **services.settings, spans_max=0)
    before = await pool.fetchval("SELECT slot FROM span_ring")

    async def turned() -> bool:
        return bool(await pool.fetchval("SELECT slot FROM span_ring") != before)

    async with timer_of(app, "spans"):
        await eventually(turned, "a turn of the ring")
    transport = Transport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        headers = {"Content-Type": PROTOBUF}
        sent = await client.post("/v1/traces", content=export("place"), headers=headers)

    assert sent.status_code == 200
    assert await kept(pool) == []
