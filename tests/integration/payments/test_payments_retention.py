"""Old news of the provider goes; books and list agree before and after."""

from typing import Any

import pytest
from payments import app
from payments.calls.reconcile import Schedule, reconcile
from shared.retention import common, prune
from shared.service import Retention, Running

from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import LIMITS, Payments, placed
from tests.integration.payments.teller import SETTINGS

YEARS = 3
AGE_S = YEARS * 366 * 86_400
RULES = (*common(SETTINGS), *app.build(SETTINGS).retention)
SCHEDULE = Schedule("provider", 86_400, LIMITS.settle_after)


async def compared(service: Payments) -> None:
    service.travel(60)
    await service.pool.execute("UPDATE reconciliations SET due_at = '-infinity'")
    assert await reconcile(service.desk, service.provider, SCHEDULE)
    await service.live_on(2)


async def pruned(service: Payments) -> dict[str, int]:
    """What went of each table."""
    clock = service.transactions.clock
    running = Running(SETTINGS, service.pool, clock, service.transactions)
    return {rule.table: n for rule in RULES if (n := await prune(running, rule))}


async def told(service: Payments, outcome: str, charge_id: str) -> None:
    await service.pool.execute(
        "INSERT INTO provider_events (provider, event_id, hash, type, charge_id, outcome, "
        "received_at) VALUES ('provider', $1, '', 'charge.captured', $2, $1, now())",
        outcome,
        charge_id,
    )


async def test_what_was_compared_long_ago_goes_and_every_promise_still_holds(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed("ord_1"))
    await service.work()
    await compared(service)
    await told(service, "known", "ch_1")
    assert await pruned(service) == {}

    service.travel(AGE_S)
    await service.receive(placed("ord_2"))
    await service.work()
    await compared(service)

    assert await pruned(service) == {"work_rows": 1, "provider_events": 1, "provider_movements": 1}
    assert await service.broken_promises() == {}
    assert len(await service.ledger("ord_1")) == 1
    assert (await service.payment("ord_1")).status == "captured"
    assert await pruned(service) == {}


async def test_what_explains_an_event_stays_with_it(
    service: Payments, provider: FakeProvider
) -> None:
    await service.receive(placed())
    await service.work()
    await compared(service)
    await told(service, "unaccounted", provider.book[0].reference)

    service.travel(AGE_S)
    await compared(service)

    assert await pruned(service) == {"work_rows": 1}
    assert await service.broken_promises() == {}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.table)
async def test_what_is_too_old_is_found_by_an_index(service: Payments, rule: Retention) -> None:
    """Whatever the planner thinks of a table that is empty here."""
    async with service.pool.acquire() as db, db.transaction():
        await db.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        plan: list[Any] = await db.fetch(
            f"EXPLAIN SELECT FROM {rule.table} t WHERE {rule.column} < now() AND {rule.condition} "
            f"ORDER BY {rule.column} LIMIT 1000"
        )
    assert f"using {rule.table}_age on" in "\n".join(row[0] for row in plan)
