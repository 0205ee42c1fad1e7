"""The adapter against the simulated provider, and against one that misbehaves on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web
from local_runtime.simulators import provider as simulator
from local_runtime.simulators.book import Book
from local_runtime.simulators.faults import ProviderFaults
from local_runtime.simulators.serving import serving
from opentelemetry.trace import SpanKind
from payments.domain.money import Money
from payments.http_provider import BODY_BYTES_MAX, HttpProvider
from payments.provider import (
    Captured,
    Charge,
    Declined,
    NotFound,
    Page,
    Refund,
    Refunded,
    RefundRefused,
    Unknown,
)
from payments.provider_answers import PAGE_MAX
from shared.observability import tracing

CALL_TIMEOUT_S = 0.5
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


@asynccontextmanager
async def connected(application: web.Application) -> AsyncIterator[HttpProvider]:
    async with serving(application) as url:
        provider = HttpProvider(url + "/", CALL_TIMEOUT_S, 4)
        yield provider
        await provider.close()


@pytest.fixture
async def book() -> Book:
    return Book()


@pytest.fixture
async def provider(book: Book) -> AsyncIterator[HttpProvider]:
    async with connected(simulator.create_app(book, ProviderFaults(late_s=0.2))) as provider:
        yield provider


def a_charge(token: str = "tok_ok", key: str = "pay_1-charge-1") -> Charge:
    return Charge(key, "ord_1", Money(1530, "GBP"), token)


async def test_a_charge_is_made_once_for_its_key_and_found(
    provider: HttpProvider, book: Book
) -> None:
    first = await provider.charge(a_charge())
    again = await provider.charge(a_charge())

    assert isinstance(first, Captured)
    assert first == again == await provider.find_charge("pay_1-charge-1")
    assert first.money == Money(1530, "GBP")
    assert len(book.operations) == 1


async def test_a_key_nobody_used_is_not_found(provider: HttpProvider) -> None:
    assert await provider.find_charge("pay_1-charge-1") == NotFound()
    assert await provider.find_refund("pay_1-refund-1") == NotFound()


@pytest.mark.parametrize(
    ("token", "answer"),
    [
        ("tok_declined", "declined"),
        ("tok_insufficient_funds", "insufficient-funds"),
        ("tok_of_another_shop", "declined"),
    ],
)
async def test_a_definite_no_is_a_decline(provider: HttpProvider, token: str, answer: str) -> None:
    declined = await provider.charge(a_charge(token))

    assert isinstance(declined, Declined)
    assert declined.reason == answer


@pytest.mark.parametrize(
    "token", ["tok_timeout_done", "tok_slow", "tok_garbage", "tok_timeout_done_late"]
)
async def test_a_charge_without_a_clear_answer_is_unknown_and_found_later(
    provider: HttpProvider, token: str
) -> None:
    assert isinstance(await provider.charge(a_charge(token)), Unknown)
    if token == "tok_timeout_done_late":
        assert await provider.charge(a_charge(token)) == Unknown("http-409")
        await asyncio.sleep(0.3)
    if token != "tok_slow":
        assert isinstance(await provider.find_charge("pay_1-charge-1"), Captured)


@pytest.mark.parametrize("token", ["tok_timeout_not_done", "tok_error_then_ok"])
async def test_a_charge_that_was_not_made_is_unknown_and_then_not_found(
    provider: HttpProvider, token: str
) -> None:
    assert isinstance(await provider.charge(a_charge(token)), Unknown)
    assert await provider.find_charge("pay_1-charge-1") == NotFound()


async def test_a_wrong_amount_is_told_as_it_was_taken(provider: HttpProvider) -> None:
    captured = await provider.charge(a_charge("tok_wrong_amount"))

    assert isinstance(captured, Captured)
    assert captured.money == Money(1630, "GBP")


async def test_a_refund_is_made_found_and_capped(provider: HttpProvider) -> None:
    charge = await provider.charge(a_charge())
    assert isinstance(charge, Captured)

    made = await provider.refund(Refund("pay_1-refund-1", charge.reference, Money(1000, "GBP")))
    over = await provider.refund(Refund("pay_1-refund-2", charge.reference, Money(531, "GBP")))

    assert isinstance(made, Refunded)
    assert made == await provider.find_refund("pay_1-refund-1")
    assert made.money == Money(1000, "GBP")
    assert over == RefundRefused("refund-exceeds-capture")
    assert await provider.find_refund("pay_1-refund-2") == NotFound()


async def test_what_moved_money_is_listed_page_by_page(provider: HttpProvider) -> None:
    charges = [await provider.charge(a_charge(key=f"k+{number}")) for number in range(PAGE_MAX + 1)]
    await provider.charge(a_charge("tok_declined", "k_declined"))
    assert isinstance(charges[0], Captured)
    await provider.refund(Refund("r_1", charges[0].reference, Money(10, "GBP")))
    since, until = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

    first = await provider.list_movements(since, until, None)
    assert isinstance(first, Page)
    rest = await provider.list_movements(since, until, first.next)

    assert isinstance(rest, Page)
    assert (len(first.movements), len(rest.movements), rest.next) == (PAGE_MAX, 2, None)
    assert first.movements[0].charge_reference == charges[0].reference
    assert first.movements[0].key == "k+0"
    assert (rest.movements[1].operation, rest.movements[1].money) == ("refund", Money(10, "GBP"))
    assert await provider.list_movements(until, until, None) == Page((), None)


async def test_a_provider_that_is_not_there_is_unknown() -> None:
    provider = HttpProvider("http://127.0.0.1:9", CALL_TIMEOUT_S, 4)

    assert isinstance(await provider.charge(a_charge()), Unknown)
    assert isinstance(await provider.find_charge("k"), Unknown)
    await provider.close()


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(BODY_BYTES_MAX // 1024 + 2):
        await response.write(b" " * 1024)
    return response


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(20):
        await response.write(b" ")
        await asyncio.sleep(0.1)
    return response


async def redirecting(request: web.Request) -> web.Response:
    raise web.HTTPTemporaryRedirect("/elsewhere")


async def elsewhere(request: web.Request) -> web.Response:
    pytest.fail("a token was sent where we were told to")


@pytest.mark.parametrize(
    ("handler", "why"),
    [(endless, "body-too-large"), (dripping, "TimeoutError"), (redirecting, "http-307")],
)
async def test_a_provider_cannot_hold_fill_or_send_us_elsewhere(
    handler: web.RequestHandler, why: str
) -> None:
    application = web.Application()
    application.router.add_post("/v1/charges", handler)  # type: ignore[arg-type]
    application.router.add_post("/elsewhere", elsewhere)
    async with connected(application) as provider:
        assert await provider.charge(a_charge()) == Unknown(why)


async def test_a_call_carries_its_key_its_trace_and_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(status=500)

    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    application = web.Application()
    application.router.add_post("/v1/charges", handler)
    async with connected(application) as provider:
        with tracing.span("test", SpanKind.INTERNAL, f"00-{TRACE_ID}-b7ad6b7169203331-01"):
            assert await provider.charge(a_charge()) == Unknown("http-500")

    (request,) = seen
    assert request.headers["Idempotency-Key"] == "pay_1-charge-1"
    assert request.headers["traceparent"].split("-")[1] == TRACE_ID
