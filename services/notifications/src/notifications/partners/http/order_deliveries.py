"""What partners were sent of one order, for operators who look at that order."""

from collections.abc import Sequence

from fastapi import APIRouter
from shared.http.paging import cursor_after
from shared.http.routes import JsonRoute, problems
from shared.service import Running

from notifications.partners.http.endpoints import BIGINT_MAX, Cursor, Limit, OrderId
from notifications.partners.http.views import OrderDeliveriesView, order_delivery_view
from notifications.partners.reading import number_of
from notifications.partners.store import replays


def order_delivery_routes(running: Running) -> Sequence[APIRouter]:
    """``/ops/partner-deliveries``, across partners and endpoints."""
    router = APIRouter(prefix="/ops/partner-deliveries", tags=["ops"], route_class=JsonRoute)

    @router.get("", openapi_extra=problems(_400="invalid-cursor"))
    async def list_order_deliveries(
        order_id: OrderId, limit: Limit = 50, cursor: Cursor = None
    ) -> OrderDeliveriesView:
        """The webhooks of one order, the newest first; none for an order that has none."""
        filters = {"order_id": order_id}
        before = number_of(cursor, filters) or BIGINT_MAX
        async with running.pool.acquire() as db:
            found = await replays.of_order(db, order_id, before, limit + 1)
        shown = [order_delivery_view(one) for one in found[:limit]]
        more = cursor_after(shown[-1].delivery_id, filters) if len(found) > limit else None
        return OrderDeliveriesView(deliveries=shown, next_cursor=more)

    return [router]
