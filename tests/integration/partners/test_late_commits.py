"""Whatever the order in which transactions commit, a reader's cursor passes nothing."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from notifications.partners.domain.log import LogEvent
from notifications.partners.store import log
from shared.contracts.inventory import FulfilmentOrderOpened

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld

LATE = LogEvent(
    event_id="evt_late",
    type=FulfilmentOrderOpened.type,
    tenant="default",
    order_id="ord_1",
    sequence=1,
    sellers=(),
    seller_sequences=(),
    occurred_at="2026-11-30T12:00:00Z",
    data="{}",
)


async def page(world: PartnerWorld, key: dict[str, str], **question: Any) -> dict[str, Any]:
    answer = await world.http.get("/v1/fulfilment-events", params=question, headers=key)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_what_is_committed_late_is_behind_all_that_was_read(world: PartnerWorld) -> None:
    """Whoever takes positions and then hangs is waited for, or comes after those who do not."""
    key = await world.add_partner("north")
    async with world.pool.acquire() as db:
        slow = db.transaction()
        await slow.start()
        await log.append(db, await log.take_positions(db, 1), [LATE], datetime.now(UTC))
        telling = asyncio.create_task(world.tell(opened("ord_2")))
        first = await page(world, key, wait_s=1)
        await slow.commit()
    [told] = await telling
    rest = await page(world, key, after=first["next_cursor"])

    seen = [one["id"] for one in (*first["events"], *rest["events"])]
    assert sorted(seen) == sorted([LATE.event_id, told])
