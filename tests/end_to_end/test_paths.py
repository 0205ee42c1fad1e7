"""Every path an order can take, on the real parts, judged by the provider, stock and mailbox."""

import asyncio
from dataclasses import dataclass

import pytest
from shared.contracts import topics

from tests.support.builders import a_line
from tests.support.kafka_log import headers_of
from tests.support.shop import Shop
from tests.support.waiting import eventually

TOTAL = 250
AMBIGUOUS = ("tok_slow", "tok_timeout_done", "tok_error_then_ok", "tok_garbage")


@dataclass
class Slow:
    """Orders that take seconds: placed before all tests, looked at by the last ones."""

    ambiguous: list[str]
    late: str
    late_and_cancelled: str
    never: str
    never_sku: str


@pytest.fixture(scope="module", autouse=True)
async def slow(shop: Shop) -> Slow:
    sku, never_sku = await shop.new_sku(20), await shop.new_sku(1)
    orders = Slow(
        ambiguous=[await shop.place(a_line(sku), token=token) for token in AMBIGUOUS],
        late=await shop.place(a_line(sku), token="tok_timeout_done_late"),
        late_and_cancelled=await shop.place(a_line(sku), token="tok_timeout_done_late"),
        never=await shop.place(a_line(never_sku), token="tok_timeout_not_done"),
        never_sku=never_sku,
    )
    await _unknown(shop, orders.late_and_cancelled)
    assert (await shop.cancel(orders.late_and_cancelled)).status == 202
    return orders


async def _unknown(shop: Shop, order_id: str) -> None:
    """The provider was called, and nobody knows what came of it."""

    async def look() -> bool:
        return any(one["status"] == "unknown" for one in await shop.payments(order_id))

    await eventually(look, "the payment unknown")


async def test_one_order_placed_fans_out_with_no_other_event_between(shop: Shop) -> None:
    """From the one OrderPlaced: a capture in the provider's book, a hold, and a mail."""
    sku = await shop.new_sku(5)

    order_id = await shop.place(a_line(sku))
    await shop.settled(order_id, TOTAL)
    await shop.mailed(order_id, 1)
    await shop.outcome(order_id)

    assert (await shop.log.events(topics.ORDERS, order_id))[0] == "orders.order-placed.v1"
    assert await shop.log.events(topics.PAYMENTS, order_id) == ["payments.payment-captured.v1"]
    assert await shop.log.events(topics.INVENTORY, order_id) == ["inventory.stock-reserved.v1"]
    assert len(await _traces(shop, order_id)) == 1


async def _traces(shop: Shop, order_id: str) -> dict[str, list[str]]:
    """The types of an order's events, by the trace that each names."""
    records = await shop.log.read(topics.ORDERS, topics.PAYMENTS, topics.INVENTORY)
    types: dict[str, list[str]] = {}
    for told in (headers_of(one) for one in records if one.key == order_id.encode()):
        trace_id = told["traceparent"].split("-")[1] if "traceparent" in told else ""
        types.setdefault(trace_id, []).append(told["ce_type"])
    return types


async def test_a_good_order_is_confirmed_shipped_and_delivered(shop: Shop) -> None:
    sku = await shop.new_sku(5)
    order_id = await shop.place(a_line(sku, 2))

    assert (await shop.outcome(order_id))["status"] == "confirmed"
    assert (await shop.stock(sku))["reserved"] == 2
    shipment = await shop.dispatch(order_id)
    await shop.reaches(order_id, "shipped")
    await shop.deliver(shipment)
    await shop.reaches(order_id, "delivered")

    stock = await shop.stock(sku)
    assert (stock["on_hand"], stock["reserved"]) == (3, 0)
    await shop.settled(order_id, 2 * TOTAL)
    mails = await shop.mailed(order_id, 4)
    assert len(mails) == 4


async def test_a_declined_order_is_rejected_and_holds_nothing(shop: Shop) -> None:
    sku = await shop.new_sku(5)
    order_id = await shop.place(a_line(sku), token="tok_declined")

    found = await shop.outcome(order_id)

    assert (found["status"], found["reasons"]) == ("rejected", ["payment-declined"])
    await _free(shop, sku, 5)
    await shop.settled(order_id, 0)


async def test_an_order_beyond_stock_is_rejected_and_keeps_no_money(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku, 2))

    found = await shop.outcome(order_id)

    assert (found["status"], found["reasons"]) == ("rejected", ["out-of-stock"])
    await _no_money(shop, order_id)
    await _free(shop, sku, 1)
    _, rejected, refunded = [one["subject"] for one in await shop.mailed(order_id, 3)]
    assert rejected.endswith("could not be accepted")
    assert refunded.startswith("Your refund for order")


async def test_an_order_refused_twice_names_both_reasons(shop: Shop) -> None:
    order_id = await shop.place(token="tok_insufficient_funds")

    found = await shop.outcome(order_id)

    assert found["status"] == "rejected"
    assert sorted(found["reasons"]) == ["out-of-stock", "payment-declined"]


async def test_two_lines_of_one_sku_count_together(shop: Shop) -> None:
    sku = await shop.new_sku(3)
    order_id = await shop.place(a_line(sku, 2), a_line(sku, 2))

    assert (await shop.outcome(order_id))["reasons"] == ["out-of-stock"]
    await _free(shop, sku, 3)


async def test_a_wrong_amount_is_never_treated_as_paid(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku), token="tok_wrong_amount")

    assert (await shop.outcome(order_id))["status"] == "rejected"
    await _no_money(shop, order_id)
    assert [one["op"] for one in await shop.book(order_id)] == ["capture", "refund"]


async def test_a_pending_order_is_cancelled_at_once(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku), token="tok_slow")

    answer = await shop.cancel(order_id)
    again = await shop.cancel(order_id)

    assert (answer.status, answer.body["status"]) == (202, "cancelled")
    assert (again.status, again.body["status"]) == (202, "cancelled")
    await _no_money(shop, order_id)
    await _free(shop, sku, 1)


async def test_a_confirmed_order_is_cancelled_if_nothing_was_dispatched(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku))
    await shop.outcome(order_id)
    await shop.fulfilment_order(order_id)

    assert (await shop.cancel(order_id)).body["status"] in ("cancelling", "cancelled")
    await shop.reaches(order_id, "cancelled")
    await shop.settled(order_id, 0)
    await _free(shop, sku, 1)


async def test_a_shipped_order_cannot_be_cancelled(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku))
    await shop.outcome(order_id)
    await shop.dispatch(order_id)
    await shop.reaches(order_id, "shipped")

    answer = await shop.cancel(order_id)

    assert answer.status == 409
    assert answer.body["type"] == "urn:problem:illegal-transition"
    await shop.settled(order_id, TOTAL)


async def test_ambiguous_answers_end_as_what_the_provider_did(shop: Shop, slow: Slow) -> None:
    """A timeout is unknown, never failed: each ends confirmed with one charge."""
    outcomes = await asyncio.gather(*(shop.outcome(one) for one in slow.ambiguous))

    assert [one["status"] for one in outcomes] == ["confirmed"] * len(AMBIGUOUS)
    await shop.books_agree(slow.ambiguous)


async def test_a_charge_made_late_counts_once_or_goes_back(shop: Shop, slow: Slow) -> None:
    """The provider drops the call and charges 8 s later, close to the order's deadline."""
    ended = await shop.outcome(slow.late)

    await _charged(shop, slow.late)
    expected = TOTAL if ended["status"] == "confirmed" else 0
    await shop.settled(slow.late, expected, timeout_s=60)


async def test_a_charge_made_after_the_end_is_refunded(shop: Shop, slow: Slow) -> None:
    """The order was cancelled before the provider got round to charging."""
    assert (await shop.order(slow.late_and_cancelled))["status"] == "cancelled"
    await _charged(shop, slow.late_and_cancelled)
    await shop.settled(slow.late_and_cancelled, 0, timeout_s=60)


async def test_an_undecided_order_expires_at_its_deadline(shop: Shop, slow: Slow) -> None:
    """The provider never answers and never charges; the stock is free again."""
    found = await shop.outcome(slow.never)

    assert found["status"] == "expired"
    assert await shop.book(slow.never) == []
    await _free(shop, slow.never_sku, 1)
    await _no_money(shop, slow.never)
    traces = await _traces(shop, slow.never)
    assert len(traces) == 1, traces
    (told,) = traces.values()
    assert {"orders.order-expired.v1", "payments.payment-voided.v1"} <= set(told)


async def _charged(shop: Shop, order_id: str) -> None:
    async def look() -> bool:
        return any(one["op"] == "capture" for one in await shop.book(order_id))

    await eventually(look, "the late charge", 20)


async def _no_money(shop: Shop, order_id: str) -> None:
    """Wait until the payment has come to its end; the provider then holds nothing."""

    async def look() -> bool:
        payment = (await shop.order(order_id))["payment"]["status"]
        return payment in ("declined", "refunded", "voided")

    await eventually(look, f"no money for {order_id}")
    await shop.settled(order_id, 0)


async def _free(shop: Shop, sku: str, quantity: int) -> None:
    async def look() -> bool:
        return bool((await shop.stock(sku))["available"] == quantity)

    await eventually(look, f"{quantity} of {sku} free")
