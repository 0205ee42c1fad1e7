"""Runbooks for what waits: records, events, calls to the outside, and what was set aside."""

import json
import time
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from shared.contracts import topics
from shared.messaging.relay import LEADER_LOCK_ID

from tests.support.alarms import Alarms
from tests.support.builders import a_line, an_order
from tests.support.runbooks import Runbook, on_database
from tests.support.sabotage import an_open_transaction
from tests.support.shop import Shop
from tests.support.waiting import eventually

LONG_AGO_S = 120
LONGEST = (
    "SELECT pid, application_name, state, query FROM pg_stat_activity WHERE datname = "
    "current_database() AND xact_start IS NOT NULL ORDER BY xact_start LIMIT 1"
)
TERMINATE = "SELECT pg_terminate_backend(PID)"


async def _end_the_longest(page: Runbook, service: str) -> None:
    """Whoever is named first holds the others up."""
    (held,) = await page.query(LONGEST, service)
    assert held["application_name"] == "somebody"
    await page.query(TERMINATE, service, {"PID": str(held["pid"])})


async def test_a_database_that_does_not_answer(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    async with an_open_transaction(operated, "inventory", "LOCK TABLE outbox"):
        await alarms.fires("BacklogUnmeasured")

        await _end_the_longest(page, "inventory")

    await alarms.heals("BacklogUnmeasured")


async def test_a_transaction_that_holds_a_consumer_up(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    """What was submitted while orders was down waits for somebody who has the second reference."""
    first, second = f"web-{uuid4().hex}", f"web-{uuid4().hex}"
    await operated.system.take_down("orders-0")
    await _submitted_long_ago(operated, first, second)
    taken = f"INSERT INTO order_references VALUES ('default', '{second}', 'ord_x', '')"
    async with an_open_transaction(operated, "orders", taken):
        await operated.system.bring_back("orders-0")
        await alarms.fires("ConsumerLagging")

        assert (await page.ask("GET /health/live", "orders")).status == 200
        await _end_the_longest(page, "orders")

    await alarms.heals("ConsumerLagging")
    assert await _placed(operated, first, second)


async def _submitted_long_ago(shop: Shop, *references: str) -> None:
    """In one partition, in this order."""
    headers = {"ce_specversion": "1.0", "ce_type": "storefront.order-submitted.v1"}
    producer = AIOKafkaProducer(bootstrap_servers=shop.system.addresses.kafka)
    async with producer:
        for one in references:
            body = an_order(a_line(await shop.new_sku(1)), reference=one)
            named = {**headers, "ce_source": "/shop", "ce_id": uuid4().hex}
            await producer.send_and_wait(
                shop.system.config.topic_prefix + topics.STOREFRONT_ORDERS,
                json.dumps(body).encode(),
                key=one.encode(),
                partition=0,
                timestamp_ms=int((time.time() - LONG_AGO_S) * 1000),
                headers=[(name, text.encode()) for name, text in named.items()],
            )


async def _placed(shop: Shop, *references: str) -> bool:
    url = f"{shop.url('orders')}/v1/orders?client_reference="
    found = [(await shop.get(url + one)).body["orders"] for one in references]
    return all(found)


async def test_a_bug_that_hits_every_order(operated: Shop, page: Runbook, alarms: Alarms) -> None:
    sku = await operated.new_sku(10)
    (operated.crash_dir / "bug").write_text("*")
    order_ids = [await operated.place(a_line(sku)) for _ in range(10)]
    await alarms.fires("PartitionStopped")
    live = await page.ask("GET /health/live", "inventory")
    assert "handler-failed:PlantedBug" in live.body["problems"][0]
    for event in ("partition-stopped", "event-failed"):
        await page.logged("inventory-0", event)

    (operated.crash_dir / "bug").unlink()

    await alarms.heals("PartitionStopped")
    await page.run("orderproof dead-letters redrive --all --reason-filter handler-failed")
    for one in order_ids:
        assert (await operated.outcome(one))["status"] == "confirmed"


async def test_a_topic_that_is_missing(operated: Shop, page: Runbook, alarms: Alarms) -> None:
    """An event for it is committed: the copy of what orders has set aside."""
    await _delete_topic(operated, topics.dead_letters("orders"))
    key = f"web-{uuid4().hex}"
    await operated.produce(topics.STOREFRONT_ORDERS, b"{", _headers(), key.encode())
    await eventually(lambda: _parked(operated, "orders", key), f"{key} parked")
    age = f"UPDATE outbox SET created_at = created_at - interval '{LONG_AGO_S} s'"
    await on_database(operated, "orders", age)
    await alarms.fires("OutboxNotLeaving")

    assert (await page.ask("GET /ops/outbox", "orders")).body["rows"] == 1
    await page.logged("orders-0", "relay-failed")
    assert f"created    {operated.system.config.topic_prefix}" in await page.run(
        "orderproof topics apply"
    )

    await alarms.heals("OutboxNotLeaving")
    await _discard(operated, "orders", key)


async def _delete_topic(shop: Shop, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.system.addresses.kafka)
    await admin.start()
    try:
        await admin.delete_topics([shop.system.config.topic_prefix + name])
    finally:
        await admin.close()


async def test_a_lock_that_is_held_by_a_session_of_nobody(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    sessions = (
        "SELECT pid, application_name, state, query_start FROM pg_stat_activity WHERE datname = "
        "current_database() AND application_name LIKE '%relay%'"
    )
    (leader,) = await on_database(operated, "payments", sessions)
    take = f"SELECT pg_advisory_lock({LEADER_LOCK_ID})"
    named = "SET application_name = 'payments-9-relay'"
    ended = f"SELECT pg_terminate_backend({leader['pid']})"
    async with an_open_transaction(operated, "payments", named, ended, take) as gone:
        await alarms.fires("NobodyRelays")
        assert (await page.ask("GET /health/live", "payments")).status == 200
        names = {
            one["application_name"]: one["pid"] for one in await page.query(sessions, "payments")
        }
        assert names["payments-9-relay"] == gone.get_server_pid()

        await page.query(TERMINATE, "payments", {"PID": str(names["payments-9-relay"])})

    await alarms.heals("NobodyRelays")


async def test_a_mail_server_that_is_away(operated: Shop, page: Runbook, alarms: Alarms) -> None:
    await operated.system.take_down("mail")
    order_id = await operated.place(a_line(await operated.new_sku(1)))
    await operated.outcome(order_id)

    async def tried() -> Any:
        work = (await operated.get(f"{operated.url('notifications')}/ops/work")).body["oldest"]
        return [one for one in work if one["order_id"] == order_id and one["last_error"]]

    await eventually(tried, "a mail that was tried")
    age = "UPDATE work_rows SET created_at = created_at - interval '20 minutes' WHERE NOT done"
    await on_database(operated, "notifications", age)
    await alarms.fires("WorkNotDone")

    work = (await page.ask("GET /ops/work", "notifications")).body["oldest"]
    assert {one["kind"] for one in work} == {"mail"}
    promises = (await page.ask("GET /ops/invariants", "notifications")).body["invariants"]
    assert "leases-are-taken-over" in {one["name"] for one in promises}
    await page.ask("GET /health/live", "notifications")
    await operated.system.bring_back("mail")
    for one in work:
        row = await page.ask("POST /ops/work/ID/retry", "notifications", {"ID": str(one["id"])})
        assert row.status in (200, 409)

    await alarms.heals("WorkNotDone")
    await operated.mailed(order_id, 2)


async def test_an_event_that_cannot_be_applied(
    operated: Shop, page: Runbook, alarms: Alarms
) -> None:
    sku = await operated.new_sku(1)
    (operated.crash_dir / "bug").write_text(sku)
    order_id = await operated.place(a_line(sku))
    parked = await eventually(lambda: _parked(operated, "inventory", order_id), "it is parked")
    await alarms.fires("OrdersParked")
    where = {"SERVICE": "inventory", "ID": str(parked["id"])}
    assert order_id in await page.run("orderproof dead-letters list")
    assert "PlantedBug" in await page.run("orderproof dead-letters show SERVICE ID", where)

    (operated.crash_dir / "bug").unlink()
    await page.run("orderproof dead-letters redrive SERVICE ID --dry-run", where)
    assert await _parked(operated, "inventory", order_id), "a dry run changes nothing"
    await page.run("orderproof dead-letters redrive SERVICE ID", where)

    await alarms.heals("OrdersParked")
    assert (await operated.outcome(order_id))["status"] == "confirmed"


async def _parked(shop: Shop, service: str, key: str) -> Any:
    found = await shop.dead_letters(service)
    return next((one for one in found if one["key"] == key), None)


async def _discard(shop: Shop, service: str, key: str) -> None:
    parked = await _parked(shop, service, key)
    url = f"{shop.url(service)}/ops/dead-letters/{parked['id']}/discard"
    assert (await shop.post(url, {"reason": "a test's poison"})).status == 200


def _headers() -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", uuid4().hex.encode()),
        ("ce_type", b"storefront.order-submitted.v1"),
        ("ce_source", b"/shop"),
    ]
