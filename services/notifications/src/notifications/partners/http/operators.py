"""Partners and their keys as operators add and end them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from shared.contracts.storefront import Storable
from shared.database import Db
from shared.http.operators import UNNAMED, Operator, acted
from shared.http.paging import CURSOR_LENGTH_MAX, cursor_after, key_of_cursor
from shared.http.problem import Problem, not_found
from shared.http.routes import JsonRoute, problems
from shared.ids import new_id
from shared.service import Running

from notifications.partners.access import (
    PARTNER_KEY,
    Caller,
    caller_of,
    new_key,
    partner_named,
)
from notifications.partners.domain.partner import ALL_SCOPES, Key, KeyScope, Partner
from notifications.partners.domain.types import NEWEST
from notifications.partners.http.bodies import NewKey, NewPartner, PartnerChange
from notifications.partners.http.views import (
    KeyTold,
    KeyView,
    PartnerAdded,
    PartnersView,
    PartnerView,
    key_view,
    partner_view,
)
from notifications.partners.store import deliveries, endpoints, partners

LIMIT_MAX = 200
DEFAULT_TENANT = "default"
# Whoever has the old key has this long to take the new one.
REVOKED_AFTER = timedelta(hours=24)

Name = Annotated[str, Path(max_length=64), Storable]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX)]
Now = Annotated[bool, Query(description="At once, not when 24 hours are over.")]


def operator_routes(running: Running) -> Sequence[APIRouter]:
    """``/ops/partners`` for operators, ``/v1/partner`` for a partner about itself."""
    ops = APIRouter(prefix="/ops/partners", tags=["ops"], route_class=JsonRoute)
    own = APIRouter(
        prefix="/v1/partner",
        tags=["partners"],
        route_class=JsonRoute,
        dependencies=[PARTNER_KEY],
    )
    _partners(ops, running)
    _keys(ops, running)
    _own(own, running)
    return [ops, own]


def _partners(router: APIRouter, running: Running) -> None:
    @router.post("", status_code=201, openapi_extra=problems(_409="partner-exists"))
    async def add_partner(body: NewPartner, operator: Operator = UNNAMED) -> PartnerAdded:
        """A partner and its first key, with every scope; the key is told this once."""
        async with running.pool.acquire() as db, db.transaction():
            now = await running.clock.now(db)
            types = NEWEST if body.event_types is None else tuple(body.event_types)
            partner = Partner(
                new_id("ptr"),
                body.name,
                DEFAULT_TENANT,
                body.seller_id,
                types,
                now,
                body.contact_email,
                body.sees_addresses,
            )
            if not await partners.add(db, partner):
                raise Problem(409, "partner-exists", f"There is a partner {body.name}.")
            key, text = await _add_key(db, now, partner, ALL_SCOPES, body.key_expires_in_days)
        acted("partner-added", operator, partner_id=partner.partner_id)
        return PartnerAdded(**partner_view(partner, [key]).model_dump(), key=text)

    @router.get("", openapi_extra=problems(_400="invalid-cursor"))
    async def list_partners(limit: Limit = 50, cursor: Cursor = None) -> PartnersView:
        """Partners by name, with their keys but for what makes them keys."""
        after = key_of_cursor(cursor, {}) or ""
        async with running.pool.acquire() as db:
            found = await partners.page(db, after, limit + 1)
            shown = [
                partner_view(one, await partners.keys_of(db, one.partner_id))
                for one in found[:limit]
            ]
        more = cursor_after(shown[-1].name, {}) if len(found) > limit else None
        return PartnersView(partners=shown, next_cursor=more)

    @router.get("/{name}", openapi_extra=problems(_404="not-found"))
    async def read_partner(name: Name) -> PartnerView:
        partner = await partner_named(running, name)
        async with running.pool.acquire() as db:
            return partner_view(partner, await partners.keys_of(db, partner.partner_id))

    @router.patch("/{name}", openapi_extra=problems(_404="not-found"))
    async def change_partner(
        name: Name, body: PartnerChange, operator: Operator = UNNAMED
    ) -> PartnerView:
        """Grant a partner shipping addresses, or withdraw them at once."""
        found = await partner_named(running, name)
        granted = body.sees_addresses
        async with running.pool.acquire() as db, db.transaction():
            await endpoints.lock_deliveries(db, shared=False)
            partner = await partners.grant_addresses(db, found.partner_id, granted=granted)
            if not granted:
                await deliveries.withdraw_addresses(db, partner.partner_id)
            keys = await partners.keys_of(db, partner.partner_id)
        act = "granted" if granted else "withdrawn"
        acted(f"partner-addresses-{act}", operator, partner_id=partner.partner_id)
        return partner_view(partner, keys)


def _keys(router: APIRouter, running: Running) -> None:
    @router.post("/{name}/keys", status_code=201, openapi_extra=problems(_404="not-found"))
    async def add_key(name: Name, body: NewKey, operator: Operator = UNNAMED) -> KeyTold:
        """One more key; it is told this once."""
        partner = await partner_named(running, name)
        acted("partner-key-added", operator, partner_id=partner.partner_id)
        return await _told_key(running, partner, body.scopes or ALL_SCOPES, body.expires_in_days)

    @router.post("/{name}/keys/{key_id}/revoke", openapi_extra=problems(_404="not-found"))
    async def revoke_key(
        name: Name, key_id: Name, *, at_once: Now = True, operator: Operator = UNNAMED
    ) -> KeyView:
        partner = await partner_named(running, name)
        acted("partner-key-revoked", operator, key_id=key_id)
        return await _revoke(running, partner, key_id, at_once=at_once)


def _own(router: APIRouter, running: Running) -> None:
    keyed = problems(_401="invalid-token", _403="forbidden", _404="not-found")

    async def reader(request: Request) -> Partner:
        return (await caller_of(running, request, "events:read")).partner

    async def keeper(request: Request) -> Caller:
        return await caller_of(running, request, "keys:manage")

    @router.get("", openapi_extra=keyed)
    async def read_own(partner: Annotated[Partner, Depends(reader)]) -> PartnerView:
        """Who the key belongs to, and what other keys there are."""
        async with running.pool.acquire() as db:
            return partner_view(partner, await partners.keys_of(db, partner.partner_id))

    @router.post("/keys", status_code=201, openapi_extra=keyed)
    async def add_own_key(body: NewKey, caller: Annotated[Caller, Depends(keeper)]) -> KeyTold:
        """A further key, to take the place of this one, with no other scopes; told this once."""
        scopes = body.scopes or caller.key.scopes
        if more := set(scopes) - set(caller.key.scopes):
            raise Problem(403, "forbidden", f"The key itself lacks {', '.join(sorted(more))}.")
        return await _told_key(running, caller.partner, scopes, body.expires_in_days)

    @router.post("/keys/{key_id}/revoke", openapi_extra=keyed)
    async def revoke_own_key(
        key_id: Name, caller: Annotated[Caller, Depends(keeper)], *, at_once: Now = False
    ) -> KeyView:
        """The key is valid for 24 hours more, or ``at_once`` no longer."""
        return await _revoke(running, caller.partner, key_id, at_once=at_once)


async def _told_key(
    running: Running, partner: Partner, scopes: Sequence[KeyScope], days: int | None
) -> KeyTold:
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        key, text = await _add_key(db, now, partner, scopes, days)
    return KeyTold(**key_view(key).model_dump(), key=text)


async def _add_key(
    db: Db, now: datetime, partner: Partner, scopes: Sequence[KeyScope], days: int | None
) -> tuple[Key, str]:
    """A key that is valid for ``days``, or until it is revoked, and what its holder is told."""
    text, hashed = new_key()
    expires_at = None if days is None else now + timedelta(days=days)
    key = Key(new_id("pky"), partner.partner_id, tuple(scopes), now, expires_at)
    await partners.add_key(db, key, hashed)
    return key, text


async def _revoke(running: Running, partner: Partner, key_id: str, *, at_once: bool) -> KeyView:
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        at = now if at_once else now + REVOKED_AFTER
        key = await partners.revoke_key(db, partner.partner_id, key_id, at)
    if key is None:
        raise not_found("There is no such key.")
    return key_view(key)
