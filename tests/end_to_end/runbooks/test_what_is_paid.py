"""Runbooks for the payment provider: slow, silent, without its list, and with another's money."""

from typing import Any
from uuid import uuid4

from tests.support.alarms import STANDS_S, Alarms
from tests.support.builders import a_line
from tests.support.runbooks import Runbook, on_database
from tests.support.shop import Shop
from tests.support.waiting import eventually

COMPARED_AT = "orderproof_reconciliation_finished_timestamp_seconds"
OVERDUE_S = 2 * 86_400 + 3_600  # What the alert asks for, and how long that must last.
# One that found no list is made again after the lease of a call.
COMPARED_WITHIN_S = 30


async def _provider_has(shop: Shop, **faults: float) -> None:
    """These faults and no others."""
    answer = await shop.post(f"{shop.system.addresses.provider}/faults", faults)
    assert answer.status == 200, answer.body


async def test_orders_that_wait_for_a_slow_provider(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    """Nobody waits here for what the order has waited: it was placed ten seconds earlier."""
    sku = await operated.new_sku(2)
    await _provider_has(operated, error_percent=100)
    order_id = await operated.place(a_line(sku))
    earlier = "UPDATE orders SET placed_at = placed_at - interval '10 s' WHERE order_id = $1"
    await on_database(operated, "orders", earlier, order_id)
    await _provider_has(operated, slow_percent=100, slow_s=0.3)
    await operated.outcome(order_id)
    await alarms.fires("OrdersDecidedTooSlowly")

    timeline = await page.ask(
        "GET /v1/orders/{order_id}/timeline", "orders", {"{order_id}": order_id}
    )
    assert timeline.status == 200, timeline.body
    assert (await page.ask("GET /ops/outbox", "orders")).body["set_aside"] == 0
    await _provider_has(operated)

    await alarms.rebase()
    await operated.outcome(await operated.place(a_line(sku)))
    assert "OrdersDecidedTooSlowly" not in await alarms.firing()


async def test_a_provider_that_says_nothing(operated: Shop, page: Runbook, alarms: Alarms) -> None:
    sku = await operated.new_sku(2)
    await _provider_has(operated, error_percent=100)
    order_id = await operated.place(a_line(sku))
    await alarms.fires("ProviderUnknown")

    async def errors() -> list[str]:
        work = (await page.ask("GET /ops/work", "payments")).body["oldest"]
        found = [one["last_error"] for one in work if one["order_id"] == order_id]
        return list(filter(None, found))

    assert await eventually(errors, "the last error of its charge")
    await _provider_has(operated)

    assert (await operated.outcome(order_id))["status"] == "confirmed"
    await alarms.rebase()
    await operated.outcome(await operated.place(a_line(sku)))
    assert "ProviderUnknown" not in await alarms.firing()
    assert len([one for one in await operated.book(order_id) if one["op"] == "capture"]) == 1


async def test_a_provider_that_does_not_give_its_list(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    """It fires after two days: at that moment, if nothing is compared until then."""
    await operated.system.take_down("provider")
    compared_at = await alarms.stands("payments-0", COMPARED_AT)
    then = compared_at + OVERDUE_S + STANDS_S / 2
    await alarms.fires("ReconciliationOverdue", at=then)
    await page.logged("payments-0", "list-unknown")

    await operated.system.bring_back("provider")

    await alarms.heals("ReconciliationOverdue", at=then, within_s=COMPARED_WITHIN_S)


async def test_money_of_nobody_at_the_provider(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    charge = await _charged(operated, f"ord_{uuid4().hex}")
    await alarms.fires("ListsDiffer", within_s=COMPARED_WITHIN_S)

    found = (await page.ask("GET /ops/invariants", "payments")).body["invariants"]
    (broken,) = [one for one in found if one["violations"]]
    assert broken["name"] == "provider-list-is-booked"
    await page.logged("payments-0", "list-difference")
    back = {"amount_minor": charge["amount_minor"]}
    url = f"{operated.system.addresses.provider}/v1/charges/{charge['id']}/refund"
    answer = await operated.post(url, back)
    assert answer.status in (200, 201), answer.body

    await alarms.heals("ListsDiffer", within_s=COMPARED_WITHIN_S)


async def _charged(shop: Shop, order_id: str) -> dict[str, Any]:
    charge = {"order_id": order_id, "amount_minor": 99, "currency": "GBP", "token": "tok_ok"}
    url = f"{shop.system.addresses.provider}/v1/charges"
    answer = await shop.post(url, {**charge, "capture": True})
    assert answer.status == 201, answer.body
    return dict(answer.body)
