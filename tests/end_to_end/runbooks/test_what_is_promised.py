"""Runbooks for promises that are broken or cannot be checked, and for a process that is down."""

import asyncio
import signal

import pytest

from tests.support.alarms import STANDS_S, Alarms
from tests.support.builders import a_line
from tests.support.runbooks import Runbook, on_database
from tests.support.sabotage import a_full_disk, an_open_transaction
from tests.support.shop import Shop
from tests.support.waiting import eventually

CHECKED_AT = "orderproof_invariants_checked_timestamp_seconds"
CHECKED = "stock, order_holds, holds, shipments, shipment_lines, parked_events"
NOT_CHECKED_S = 900 + 120  # What the alert asks for, and how long that must last.
AWAY = "ALTER TABLE {} RENAME TO {}"


async def test_orders_that_cannot_expire(operated: Shop, page: Runbook, alarms: Alarms) -> None:
    """The order waits for inventory, which has a bug; what expires it is refused."""
    order_id = await _an_order_that_nobody_decides(operated)
    late = "UPDATE orders SET deadline_at = now() - interval '2 minutes' WHERE order_id = $1"
    async with a_full_disk(
        operated, "orders", "UPDATE ON orders FOR EACH ROW WHEN (OLD.status <> NEW.status)"
    ):
        await on_database(operated, "orders", late, order_id)
        await alarms.fires("OrderPastItsDeadline")

        assert order_id in await page.run("orderproof audit", code=1)
        found = (await page.ask("GET /ops/invariants", "orders")).body["invariants"]
        assert order_id in next(x for x in found if x["name"] == "no-stuck-order")["broken"]
        assert (await page.ask("GET /health/live", "orders")).status == 200
        await page.logged("orders-0", "timer-retried")

    await operated.reaches(order_id, "expired")
    await operated.settled(order_id, 0)
    await alarms.heals("OrderPastItsDeadline")
    await _mend_inventory(operated)


async def _an_order_that_nobody_decides(shop: Shop) -> str:
    sku = await shop.new_sku(1)
    (shop.crash_dir / "bug").write_text(sku)
    order_id = await shop.place(a_line(sku))

    async def look() -> bool:
        return order_id in {one["key"] for one in await shop.dead_letters("inventory")}

    await eventually(look, f"{order_id} waits in inventory")
    return order_id


async def _mend_inventory(shop: Shop) -> None:
    (shop.crash_dir / "bug").unlink()
    for one in await shop.dead_letters("inventory"):
        await shop.post(f"{shop.url('inventory')}/ops/dead-letters/{one['id']}/redrive", {})
    assert await shop.dead_letters("inventory") == []


async def test_rows_that_somebody_changed_by_hand(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    order_id = await operated.place(a_line(await operated.new_sku(1)))
    await operated.outcome(order_id)
    await on_database(
        operated,
        "inventory",
        "INSERT INTO parked_keys VALUES ('inventory', 'orders.events.v1', $1, now())",
        order_id.encode(),
    )
    await alarms.fires("InvariantBroken")

    assert order_id in await page.run("orderproof audit", code=1)
    found = (await page.ask("GET /ops/invariants", "inventory")).body["invariants"]
    (broken,) = [one for one in found if one["violations"]]
    assert broken["name"] == "parked-keys-have-events"
    assert order_id in broken["broken"][0]
    await page.logged("inventory-0", "invariant-broken")
    timeline = await page.ask(
        "GET /v1/orders/{order_id}/timeline", "orders", {"{order_id}": order_id}
    )
    assert timeline.status == 200
    # As operations.md says of this promise.
    await on_database(operated, "inventory", "DELETE FROM parked_keys")

    await alarms.heals("InvariantBroken")
    await page.logged("inventory-0", "invariant-holds-again")


async def test_tables_that_do_not_match_the_release(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    await on_database(operated, "inventory", AWAY.format("stock_movements", "away"))
    try:
        await alarms.fires("InvariantUnchecked")

        await page.logged("inventory-0", "invariants-unchecked")
        applied = await page.query(
            "SELECT * FROM schema_migrations ORDER BY applied_at", "inventory"
        )
        assert "0001_inventory.sql" in {one["name"] for one in applied}
        assert "NOT CHECKED: " in await page.run("orderproof audit", code=1)
    finally:
        await on_database(operated, "inventory", AWAY.format("away", "stock_movements"))

    await alarms.heals("InvariantUnchecked")


async def test_a_watch_that_waits_for_its_database(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    """It fires a quarter of an hour later: at that moment, if nothing is checked until then.

    Each check waits for a second, so that there must be several for the look to be held up.
    """
    async with an_open_transaction(operated, "inventory", f"LOCK TABLE {CHECKED}"):
        checked_at = await alarms.stands("inventory-0", CHECKED_AT)
        then = checked_at + NOT_CHECKED_S + STANDS_S / 2
        await alarms.fires("InvariantsNotChecked", at=then)

        assert (await page.ask("GET /health/live", "inventory")).status == 200
        (held,) = await page.query(
            "SELECT pid, application_name, state, query FROM pg_stat_activity WHERE datname = "
            "current_database() AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1",
            "inventory",
        )
        await page.query("SELECT pg_terminate_backend(PID)", "inventory", {"PID": str(held["pid"])})

    await alarms.heals("InvariantsNotChecked", at=then)


async def test_a_process_that_runs_and_does_not_answer(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    stopped = operated.system.kill("notifications-0", signal.SIGSTOP)
    await alarms.fires("ServiceDown")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await page.ask("GET /health/live", "notifications")

    operated.system.kill("notifications-0")

    await operated.system.wait_replaced("notifications-0", stopped)
    await alarms.heals("ServiceDown")
