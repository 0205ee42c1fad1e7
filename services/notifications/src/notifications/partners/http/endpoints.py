"""Endpoints as their partners set, test, look at and replay them."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from shared.contracts.storefront import Storable
from shared.http.openapi import LOCATION
from shared.http.operators import UNNAMED, Operator, acted
from shared.http.paging import CURSOR_LENGTH_MAX, cursor_after, key_of_cursor
from shared.http.routes import JsonRoute, problems

from notifications.partners import actions
from notifications.partners.access import PARTNER_KEY, caller_of, partner_named
from notifications.partners.actions import Desk
from notifications.partners.domain.partner import KeyScope, Partner
from notifications.partners.http.bodies import EndpointChange, NewEndpoint, NewSecret, Replay
from notifications.partners.http.views import (
    DeliveriesView,
    DeliveryDetail,
    EndpointsView,
    EndpointTold,
    EndpointView,
    ReplayView,
    TestView,
    delivery_view,
    endpoint_told,
    endpoint_view,
    test_view,
)
from notifications.partners.reading import number_of
from notifications.partners.store import endpoints, replays
from notifications.partners.store.deliveries import State

LIMIT_MAX = 200
MANAGE: KeyScope = "endpoints:manage"
OPS_PREFIX = "/ops/partners/{name}/webhook-endpoints"
BIGINT_MAX = 2**63 - 1

Id = Annotated[str, Path(max_length=64), Storable]
DeliveryId = Annotated[int, Path(ge=0, le=BIGINT_MAX)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
Cursor = Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX)]
OrderId = Annotated[str, Query(min_length=1, max_length=128), Storable]

NO_BODY_NEEDED: dict[str, Any] = {"requestBody": {"required": False}}
BY_KEY = {"_401": "invalid-token", "_403": "forbidden"}
SEALED = {"_503": "webhooks-not-configured"}
KEYED = problems(**BY_KEY)
KNOWN = problems(**BY_KEY, _404="not-found")


def endpoint_routes(desk: Desk) -> Sequence[APIRouter]:
    """For partners by their keys, and for operators by a partner's name; else the same.

    Another partner's endpoint is none.
    """

    async def by_key(request: Request) -> Partner:
        return (await caller_of(desk.running, request, MANAGE)).partner

    async def by_name(name: Id, request: Request, operator: Operator = UNNAMED) -> Partner:
        found = await partner_named(desk.running, name)
        if request.method != "GET":
            act = f"{request.method} {request.scope['route'].path}"
            acted("operator-acts-for-partner", operator, partner_id=found.partner_id, act=act)
        return found

    own = APIRouter(
        prefix="/v1/webhook-endpoints",
        tags=["partners"],
        route_class=JsonRoute,
        dependencies=[PARTNER_KEY],
    )
    ops = APIRouter(prefix=OPS_PREFIX, tags=["ops"], route_class=JsonRoute)
    for router, who in ((own, by_key), (ops, by_name)):
        asker = Depends(who)
        _manage(router, desk, asker)
        _secrets_and_tests(router, desk, asker)
        _log(router, desk, asker)
    return [own, ops]


def _manage(router: APIRouter, desk: Desk, asker: Any) -> None:
    @router.post(
        "",
        status_code=201,
        responses={201: {"headers": LOCATION}},
        openapi_extra=problems(
            **BY_KEY,
            **SEALED,
            _404="not-found",
            _409="too-many-endpoints",
            _422="webhook-url-forbidden invalid-secret seller-forbidden addresses-not-granted",
        ),
    )
    async def register(
        body: NewEndpoint, partner: Annotated[Partner, asker], response: Response
    ) -> EndpointTold:
        """Have events sent to ``url`` from now on; the answer tells the secret, once."""
        endpoint, secret = await actions.register(desk, partner, body)
        response.headers["Location"] = f"/v1/webhook-endpoints/{endpoint.endpoint_id}"
        return endpoint_told(endpoint, secret)

    @router.get("", openapi_extra=KEYED)
    async def list_endpoints(
        partner: Annotated[Partner, asker], limit: Limit = 50, cursor: Cursor = None
    ) -> EndpointsView:
        """A partner's endpoints, the oldest first."""
        after = key_of_cursor(cursor, {}) or ""
        async with desk.running.pool.acquire() as db:
            found = await endpoints.page(db, partner.partner_id, after, limit + 1)
        shown = found[:limit]
        more = cursor_after(shown[-1].endpoint_id, {}) if len(found) > limit else None
        return EndpointsView(endpoints=[endpoint_view(one) for one in shown], next_cursor=more)

    @router.get("/{endpoint_id}", openapi_extra=KNOWN)
    async def read_endpoint(endpoint_id: Id, partner: Annotated[Partner, asker]) -> EndpointView:
        return endpoint_view(await actions.find(desk, partner, endpoint_id))

    @router.patch(
        "/{endpoint_id}",
        openapi_extra=problems(
            **BY_KEY, _404="not-found", _422="webhook-url-forbidden addresses-not-granted"
        ),
    )
    async def change_endpoint(
        endpoint_id: Id, body: EndpointChange, partner: Annotated[Partner, asker]
    ) -> EndpointView:
        """What is named changes; ``{"enabled": true}`` takes up one that was disabled."""
        return endpoint_view(await actions.change(desk, partner, endpoint_id, body))

    @router.delete("/{endpoint_id}", status_code=204, openapi_extra=KNOWN)
    async def remove_endpoint(endpoint_id: Id, partner: Annotated[Partner, asker]) -> None:
        """Nothing more is sent there."""
        await actions.remove(desk, partner, endpoint_id)


def _secrets_and_tests(router: APIRouter, desk: Desk, asker: Any) -> None:
    @router.post(
        "/{endpoint_id}/rotate-secret",
        openapi_extra=problems(
            **BY_KEY,
            **SEALED,
            _404="not-found",
            _422="invalid-secret",
            _429="rotated-too-often",
        )
        | NO_BODY_NEEDED,
    )
    async def rotate_secret(
        endpoint_id: Id, partner: Annotated[Partner, asker], body: NewSecret | None = None
    ) -> EndpointTold:
        """A new secret; those before sign for 24 hours too. Three times in 24 hours at most."""
        given = None if body is None else body.secret
        return endpoint_told(*await actions.rotate(desk, partner, endpoint_id, given))

    @router.post(
        "/{endpoint_id}/test", openapi_extra=problems(**BY_KEY, **SEALED, _404="not-found")
    )
    async def send_test_event(endpoint_id: Id, partner: Annotated[Partner, asker]) -> TestView:
        """Send one event of type ``fulfilment.webhook-tested.v1`` now, and tell what came back."""
        return test_view(*await actions.send_test(desk, partner, endpoint_id))

    @router.post(
        "/{endpoint_id}/replay",
        status_code=202,
        openapi_extra=problems(**BY_KEY, _400="invalid-cursor", _404="not-found"),
    )
    async def replay(
        endpoint_id: Id, body: Replay, partner: Annotated[Partner, asker]
    ) -> ReplayView:
        """Deliver again: one event, all that were given up, or all since a time or cursor."""
        return await actions.replay(desk, partner, endpoint_id, body)


def _log(router: APIRouter, desk: Desk, asker: Any) -> None:
    @router.get(
        "/{endpoint_id}/deliveries",
        openapi_extra=problems(**BY_KEY, _400="invalid-cursor", _404="not-found"),
    )
    async def list_deliveries(
        endpoint_id: Id,
        partner: Annotated[Partner, asker],
        order_id: OrderId | None = None,
        state: State | None = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> DeliveriesView:
        """What was sent or is to be, the newest first."""
        endpoint = await actions.find(desk, partner, endpoint_id)
        filters = {"order_id": order_id, "state": state}
        before = number_of(cursor, filters) or BIGINT_MAX
        async with desk.running.pool.acquire() as db:
            found = await replays.page(db, endpoint.endpoint_id, before, order_id, state, limit + 1)
        shown = found[:limit]
        more = cursor_after(str(shown[-1].delivery_id), filters) if len(found) > limit else None
        return DeliveriesView(deliveries=[delivery_view(one) for one in shown], next_cursor=more)

    @router.get("/{endpoint_id}/deliveries/{delivery_id}", openapi_extra=KNOWN)
    async def read_delivery(
        endpoint_id: Id, delivery_id: DeliveryId, partner: Annotated[Partner, asker]
    ) -> DeliveryDetail:
        """One delivery: its body, and each attempt with what came back."""
        return await actions.detail(desk, partner, endpoint_id, delivery_id)
