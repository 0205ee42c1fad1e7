"""Every path an order can take, on the real parts, judged by the provider, stock and mailbox."""

import asyncio

from shared.contracts import topics

from tests.support.builders import a_line
from tests.support.shop import Shop

TOTAL = 250


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
    causes = {
        headers["ce_type"]: headers["traceparent"].split("-")[1]
        for headers in await _headers(shop, order_id)
    }
    assert len(set(causes.values())) == 1, "one trace"


async def _headers(shop: Shop, order_id: str) -> list[dict[str, str]]:
    from tests.support.kafka_log import headers_of

    records = await shop.log.read(topics.ORDERS, topics.PAYMENTS, topics.INVENTORY)
    return [headers_of(one) for one in records if one.key == order_id.encode()]


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
    await shop.drained()
    await shop.settled(order_id, 0)
    await _free(shop, sku, 1)


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


async def test_ambiguous_answers_end_as_what_the_provider_did(shop: Shop) -> None:
    """A timeout is unknown, never failed: each ends confirmed with one charge."""
    tokens = ("tok_slow", "tok_timeout_done", "tok_error_then_ok", "tok_garbage")
    sku = await shop.new_sku(len(tokens) + 1)
    late = await shop.place(a_line(sku), token="tok_timeout_done_late")
    order_ids = [await shop.place(a_line(sku), token=token) for token in tokens]

    outcomes = await asyncio.gather(*(shop.outcome(one) for one in order_ids))

    assert [one["status"] for one in outcomes] == ["confirmed"] * len(tokens)
    ended = await shop.outcome(late)
    expected = TOTAL if ended["status"] == "confirmed" else 0
    await shop.settled(late, expected, timeout_s=60)
    await shop.books_agree([*order_ids, late])


async def test_a_charge_never_made_leaves_no_order_and_no_money(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku), token="tok_timeout_not_done")

    found = await shop.outcome(order_id)

    assert found["status"] in ("rejected", "expired")
    assert await shop.book(order_id) == []
    await _free(shop, sku, 1)


async def test_a_charge_made_after_the_end_is_refunded(shop: Shop) -> None:
    """The provider drops the call, and charges 8 s later, when the order is long cancelled."""
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku), token="tok_timeout_done_late")

    assert (await shop.cancel(order_id)).status == 202
    assert (await shop.outcome(order_id))["status"] == "cancelled"
    await _free(shop, sku, 1)

    async def charged() -> bool:
        return any(one["op"] == "capture" for one in await shop.book(order_id))

    from tests.support.waiting import eventually

    await eventually(charged, "the late charge", 20)
    await shop.settled(order_id, 0, timeout_s=60)


async def test_a_wrong_amount_is_never_treated_as_paid(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku), token="tok_wrong_amount")

    assert (await shop.outcome(order_id))["status"] == "rejected"
    await shop.drained()
    await shop.settled(order_id, 0)
    assert [one["op"] for one in await shop.book(order_id)] == ["capture", "refund"]


async def test_an_undecided_order_expires_at_its_deadline(shop: Shop) -> None:
    """Payments is stopped, so no answer can come; the witness is its missing event."""
    import signal

    from tests.support.waiting import eventually

    sku = await shop.new_sku(1)
    shop.system.kill("payments-0", signal.SIGSTOP)
    try:
        order_id = await shop.place(a_line(sku))
        found = await shop.reaches(order_id, "expired", 30)
    finally:
        shop.system.kill("payments-0", signal.SIGCONT)
    assert found["payment"]["status"] == "pending"
    await _free(shop, sku, 1)

    async def voided() -> bool:
        return bool((await shop.order(order_id))["payment"]["status"] == "voided")

    await eventually(voided, "the payment voided", 40)
    assert await shop.book(order_id) == []


async def test_a_pending_order_is_cancelled_at_once(shop: Shop) -> None:
    sku = await shop.new_sku(1)
    order_id = await shop.place(a_line(sku), token="tok_slow")

    answer = await shop.cancel(order_id)
    again = await shop.cancel(order_id)

    assert (answer.status, answer.body["status"]) == (202, "cancelled")
    assert (again.status, again.body["status"]) == (202, "cancelled")
    await shop.drained()
    await shop.settled(order_id, 0)
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


async def _free(shop: Shop, sku: str, quantity: int) -> None:
    from tests.support.waiting import eventually

    async def look() -> bool:
        return bool((await shop.stock(sku))["available"] == quantity)

    await eventually(look, f"{quantity} of {sku} free")
