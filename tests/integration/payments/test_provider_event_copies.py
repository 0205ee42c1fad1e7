"""Copies of a provider event, at once or under other ids, have one effect."""

import asyncio

from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments, rejected
from tests.integration.payments.teller import Teller, is_told, unanswered
from tests.support.waiting import eventually

LATE = ["captured", "refunded"]


async def test_a_hundred_copies_at_once_have_one_effect(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    done = await unanswered(service, provider)
    await service.receive(rejected())
    answers = await asyncio.gather(*(teller.tell_of(done) for _ in range(100)))
    await is_told(service, *LATE)

    assert {(one.status_code, one.json()["outcome"]) for one in answers} == {(200, "asked")}
    assert len(await teller.rows()) == 1
    assert (provider.count("capture"), provider.count("refund")) == (1, 1)
    assert len([one for one in provider.inquiries if one == done.key]) == 1


async def test_copies_that_wait_leave_the_connections_to_other_events(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    done = await unanswered(service, provider)
    async with service.pool.acquire() as db, db.transaction():
        await db.execute("SELECT 1 FROM payments WHERE order_id = 'ord_1' FOR UPDATE")
        copies = asyncio.gather(*(teller.tell_of(done) for _ in range(100)))
        await eventually(lambda: _waits_for_a_lock(service), "the first copy waits", 5)
        other = await teller.tell_of(done, key="k_other", order_id="ord_2", event_id="msg_other")

    assert other.status_code == 202
    assert {one.status_code for one in await copies} == {200}


async def _waits_for_a_lock(service: Payments) -> bool:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    waiting: int = await service.pool.fetchval(f"{query} AND wait_event_type = 'Lock'")
    return waiting > 0


async def test_the_same_news_under_other_ids_has_one_effect(
    service: Payments, provider: FakeProvider, teller: Teller
) -> None:
    done = await unanswered(service, provider)
    await asyncio.gather(*(teller.tell_of(done, event_id=f"msg_{n}") for n in range(20)))
    await is_told(service, "captured")
    after = await teller.tell_of(done, event_id="msg_after")

    assert after.json()["outcome"] == "known"
    assert await service.ledger("ord_1") == [("charge", 1530, "GBP")]
