"""What partners do to their endpoints, each in one transaction."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

import structlog
from shared.clock import rfc3339
from shared.database import Db
from shared.http.problem import Problem, not_found
from shared.ids import new_id
from shared.service import Running

from notifications.partners.domain.destination import ForbiddenDestination
from notifications.partners.domain.endpoint import REPLACED_MAX, Endpoint, RotatedTooOften
from notifications.partners.domain.log import ADDRESS_TYPE, LogEvent, Scope, body_for
from notifications.partners.domain.partner import NOT_GRANTED, Partner
from notifications.partners.http.bodies import EndpointChange, NewEndpoint, Replay
from notifications.partners.http.views import (
    DeliveryDetail,
    ReplayView,
    attempt_view,
    delivery_view,
)
from notifications.partners.outward import Exchange, Outward
from notifications.partners.reading import POSITIONS_MAX, cursor_of, position_of
from notifications.partners.sending import call
from notifications.partners.signing import Secret, Vault, new_secret
from notifications.partners.store import endpoints, log, partners, replays

TEST_TYPE = "fulfilment.webhook-tested.v1"
REPLAYED_MAX = 1_000

logger = structlog.get_logger(__name__)


@dataclass
class Desk:
    """What the actions need; without a ``vault`` nobody can have secrets, so no endpoints."""

    running: Running
    outward: Outward
    vault: Vault | None
    endpoints_max: int
    wake: Callable[[], None]

    @property
    def sealing(self) -> Vault:
        """Raises ``Problem`` 503 where no key to seal secrets with was set."""
        if self.vault is None:
            raise Problem(
                503,
                "webhooks-not-configured",
                "The operator has to set NOTIFICATIONS_PARTNER_SECRETS_KEY first.",
            )
        return self.vault


async def register(desk: Desk, partner: Partner, body: NewEndpoint) -> tuple[Endpoint, Secret]:
    """Raises ``Problem`` 422 for a URL or a secret that will not do, 409 for one too many."""
    vault, secret = desk.sealing, _secret(body.secret)
    if partner.seller_id and body.seller_id not in (None, partner.seller_id):
        raise _wrong("seller_id", "seller-forbidden", "The partner is another seller's.")
    await _check(desk, body.url)
    endpoint_id = new_id("whe")
    types = partner.event_types if body.event_types is None else _granted(partner, body.event_types)
    async with _transaction(desk) as (db, now):
        await partners.lock(db, partner.partner_id)
        if await endpoints.count(db, partner.partner_id) >= desk.endpoints_max:
            detail = f"A partner has {desk.endpoints_max} endpoints at most."
            raise Problem(409, "too-many-endpoints", detail)
        endpoint = Endpoint(
            endpoint_id=endpoint_id,
            partner_id=partner.partner_id,
            url=body.url,
            description=body.description,
            event_types=tuple(types),
            rate_per_s=body.rate_per_s,
            concurrency_max=body.concurrency_max,
            created_at=now,
            secret=vault.seal(endpoint_id, secret),
            seller_id=body.seller_id,
        )
        await endpoints.add(db, endpoint)
    return endpoint, secret


async def find(desk: Desk, partner: Partner, endpoint_id: str) -> Endpoint:
    """Raises ``Problem`` 404, the same for another partner's as for none."""
    async with desk.running.pool.acquire() as db:
        return await _find(db, partner, endpoint_id)


async def change(desk: Desk, partner: Partner, endpoint_id: str, body: EndpointChange) -> Endpoint:
    """Raises ``Problem`` 404 or 422. One that is taken up again is believed to be well."""
    if body.url is not None:
        await _check(desk, body.url)
    named = body.model_dump(exclude_none=True, exclude={"enabled", "event_types"})
    if body.event_types is not None:
        named["event_types"] = tuple(_granted(partner, body.event_types))
    async with _transaction(desk) as (db, now):
        endpoint = replace(await _find(db, partner, endpoint_id, locked=True), **named)
        if body.enabled is True:
            endpoint = replace(endpoint, disabled_at=None, disabled_reason=None, failing_since=None)
            await endpoints.end_pause(db, endpoint_id)
        elif body.enabled is False and endpoint.disabled_at is None:
            endpoint = replace(endpoint, disabled_at=now, disabled_reason="by-partner")
        await endpoints.save(db, endpoint)
    desk.wake()
    return endpoint


async def remove(desk: Desk, partner: Partner, endpoint_id: str) -> None:
    async with _transaction(desk) as (db, _):
        endpoint = await _find(db, partner, endpoint_id, locked=True)
        await endpoints.remove(db, endpoint.endpoint_id)


async def rotate(
    desk: Desk, partner: Partner, endpoint_id: str, given: str | None
) -> tuple[Endpoint, Secret]:
    """The secrets that were valid sign for a day beside the new one. Raises ``Problem`` 429."""
    vault, secret = desk.sealing, _secret(given)
    async with _transaction(desk) as (db, now):
        found = await _find(db, partner, endpoint_id, locked=True)
        rotated = found.with_secret(vault.seal(found.endpoint_id, secret), now)
        if isinstance(rotated, RotatedTooOften):
            raise _too_often(rotated, now)
        await endpoints.save(db, rotated)
    return rotated, secret


async def send_test(desk: Desk, partner: Partner, endpoint_id: str) -> tuple[str, Exchange]:
    """Send an event that is about no order, at once and once; it is not in the log."""
    vault = desk.sealing
    endpoint = await find(desk, partner, endpoint_id)
    async with desk.running.pool.acquire() as db:
        now = await desk.running.clock.now(db)
    event = LogEvent(
        event_id=new_id("evt"),
        type=TEST_TYPE,
        tenant=partner.tenant,
        order_id="ord_test",
        sequence=1,
        sellers=(),
        seller_sequences=(),
        occurred_at=rfc3339(now),
        data='{"order_id":"ord_test"}',
    )
    scope = replace(partner.scope, seller_id=None)
    body = body_for(scope, event)
    exchange = await call(desk.outward, vault, endpoint, event, body, now)
    return event.event_id, exchange


async def replay(desk: Desk, partner: Partner, endpoint_id: str, body: Replay) -> ReplayView:
    """At most 1,000 at a time. Raises ``Problem`` 404 for an event that is not kept."""
    async with _transaction(desk, shared=False) as (db, now):
        endpoint = await _find(db, partner, endpoint_id)
        if body.failed:
            after = position_of(body.cursor) if body.cursor else 0
            done = await replays.replay_failed(db, endpoint, after, REPLAYED_MAX, now)
            more = cursor_of(done.last) if done.count == REPLAYED_MAX else None
        else:
            scope = endpoint.scope_within(partner.scope)
            span, end = await _span(db, scope, body)
            done = await replays.replay_since(db, endpoint, scope, span, REPLAYED_MAX, now)
            reached = done.last if done.count == REPLAYED_MAX else span[1]
            more = cursor_of(reached) if reached < end else None
    desk.wake()
    logger.info("webhooks-replayed", endpoint_id=endpoint_id, count=done.count)
    return ReplayView(replayed=done.count, next_cursor=more)


async def detail(
    desk: Desk, partner: Partner, endpoint_id: str, delivery_id: int
) -> DeliveryDetail:
    """Raises ``Problem`` 404. The body is gone when its event is no longer kept.

    What holds an address is not shown here: operators look at this too.
    """
    async with desk.running.pool.acquire() as db:
        endpoint = await _find(db, partner, endpoint_id)
        found = await replays.one(db, endpoint.endpoint_id, delivery_id)
        if found is None:
            raise not_found("There is no such delivery.")
        event = await log.find(db, found.event_id)
        attempts = await replays.attempts_of(db, delivery_id)
    scope = endpoint.scope_within(partner.scope)
    is_shown = event is not None and event.type != ADDRESS_TYPE
    body = body_for(scope, event).decode() if event is not None and is_shown else None
    return DeliveryDetail(
        **delivery_view(found).model_dump(),
        body=body,
        attempt_log=[attempt_view(one) for one in attempts],
    )


async def _span(db: Db, scope: Scope, body: Replay) -> tuple[tuple[int, int], int]:
    """After which position and up to which to replay now, and where it ends at last."""
    if body.event_id is not None:
        event = await log.find(db, body.event_id)
        if event is None or not scope.covers(event):
            raise not_found("No such event is kept.")
        return (event.position - 1, event.position), event.position
    end = (await log.head(db)).position
    if body.cursor is not None:
        after = position_of(body.cursor)
    elif body.since is not None:
        after = await log.position_before(db, body.since)
    else:
        after = position_of(body.after or "")
    return (after, min(end, after + POSITIONS_MAX)), end


async def _find(db: Db, partner: Partner, endpoint_id: str, *, locked: bool = False) -> Endpoint:
    found = await endpoints.find(db, partner.partner_id, endpoint_id, locked=locked)
    if found is None:
        raise not_found("There is no such endpoint.")
    return found


@asynccontextmanager
async def _transaction(desk: Desk, *, shared: bool = True) -> AsyncIterator[tuple[Db, datetime]]:
    """The deliveries' lock comes first, as everywhere."""
    async with desk.running.pool.acquire() as db, db.transaction():
        await endpoints.lock_deliveries(db, shared=shared)
        yield db, await desk.running.clock.now(db)


async def _check(desk: Desk, url: str) -> None:
    try:
        await desk.outward.check(url)
    except ForbiddenDestination as error:
        raise _wrong("url", "webhook-url-forbidden", str(error)) from None


def _granted(partner: Partner, named: Sequence[str]) -> Sequence[str]:
    if not all(partner.scope.allows(one) for one in named):
        raise _wrong("event_types", "addresses-not-granted", NOT_GRANTED)
    return named


def _secret(given: str | None) -> Secret:
    try:
        return new_secret(given)
    except ValueError as error:
        raise _wrong("secret", "invalid-secret", str(error)) from None


def _too_often(refused: RotatedTooOften, now: datetime) -> Problem:
    wait_s = max(1, ceil((refused.until - now).total_seconds()))
    return Problem(
        429,
        "rotated-too-often",
        f"Its last {REPLACED_MAX + 1} secrets are valid; the first ends at "
        f"{rfc3339(refused.until)}.",
        headers={"Retry-After": str(wait_s)},
    )


def _wrong(member: str, name: str, detail: str) -> Problem:
    errors = [{"pointer": f"/{member}", "detail": detail}]
    return Problem(422, name, f"The {member} will not do.", errors=errors)
