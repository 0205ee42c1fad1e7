"""Outcomes of attempts, written down together, and how their endpoints stand after them."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from shared.service import Running
from shared.work import rows

from notifications.partners import metrics
from notifications.partners.domain.attempts import (
    Delivered,
    GivenUp,
    TryAgain,
    Verdict,
    is_given_up,
)
from notifications.partners.notices import notice_of
from notifications.partners.store import deliveries, endpoints
from notifications.partners.store.deliveries import Attempted
from notifications.partners.store.endpoints import Standing

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt, what was made of it, and since when its endpoint failed before it."""

    attempted: Attempted
    verdict: Verdict
    failing_since: datetime | None


def recorder(running: Running) -> Callable[[Sequence[Outcome], bool], Awaitable[list[bool]]]:
    """A group commit of outcomes; it tells of each whether it was ours to record."""

    async def record(outcomes: Sequence[Outcome], _alone: bool) -> list[bool]:
        async with running.pool.acquire() as db, db.transaction():
            await endpoints.lock_deliveries(db, shared=True)
            now = await running.clock.now(db)
            told = await deliveries.record(db, [one.attempted for one in outcomes], now)
            ours = {one.delivery_id for one in told}
            recorded = [one for one in outcomes if one.attempted.delivery_id in ours]
            standings = standings_of(recorded, now)
            newly = await endpoints.stand(db, standings, now)
            disabled = {one.endpoint_id: str(one.disabled) for one in standings} if newly else {}
            notices = [notice_of(one, disabled[one], now) for one in sorted(newly)]
            if notices:
                await rows.insert(db, notices, now)
        for one in notices:
            reason = one.payload["reason"]
            metrics.DISABLED.labels(reason).inc()
            log.warning("webhook-endpoint-disabled", endpoint_id=one.order_id, reason=reason)
        if newly:
            running.transactions.made_due(newly)
        return [one.attempted.delivery_id in ours for one in outcomes]

    return record


def standings_of(outcomes: Sequence[Outcome], now: datetime) -> list[Standing]:
    """One line for each endpoint: one call that was received outweighs all that were not."""
    by_endpoint: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        by_endpoint[one.attempted.endpoint_id].append(one)
    return [_standing(endpoint_id, all_of, now) for endpoint_id, all_of in by_endpoint.items()]


def _standing(endpoint_id: str, outcomes: Sequence[Outcome], now: datetime) -> Standing:
    well, pauses, gone = False, [], False
    for one in outcomes:
        match one.verdict:
            case Delivered():
                well = True
            case TryAgain(paused_until=datetime() as until):
                pauses.append(until)
            case GivenUp(gone=True):
                gone = True
            case TryAgain() | GivenUp():
                pass
    failing_since = outcomes[0].failing_since
    disabled = None
    if gone:
        disabled = "gone"
    elif not well and is_given_up(failing_since, now):
        disabled = "failing"
    return Standing(
        endpoint_id, outcomes[0].attempted.token, well, max(pauses, default=None), disabled
    )
