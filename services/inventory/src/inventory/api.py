"""Inventory over HTTP: stock, receipts, fulfilment orders and shipments."""

from typing import Annotated, TypeAlias

from asyncpg import Pool, Record
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from shared.contracts.storefront import Storable
from shared.http.idempotency import KEYED, Answer, needs_key, once
from shared.http.openapi import LOCATION
from shared.http.operators import NamedOperator, acted
from shared.http.paging import CURSOR_LENGTH_MAX
from shared.http.routes import JsonRoute, problems
from shared.messaging.unit_of_work import Transactions

from inventory import actions, fulfilment, partners, queries
from inventory.bodies import (
    AdjustmentsBody,
    CancellationAnswerBody,
    ReceiptsBody,
    RejectionBody,
    ShipmentBody,
    ShipmentEventBody,
)
from inventory.domain.order import FulfilmentProgress
from inventory.views import (
    FulfilmentOrdersView,
    FulfilmentOrderView,
    LevelsView,
    ShipmentView,
    StockView,
)
from inventory.work import InventoryWork

LIMIT_MAX = 200
ONCE = [Depends(needs_key)]
OUT_OF_RANGE = problems(_422="stock-out-of-range")
UNKNOWN = problems(_404="not-found")
STEP = problems(_404="not-found", _409="illegal-transition")

Id: TypeAlias = Annotated[str, Path(max_length=64), Storable]
Filter: TypeAlias = Annotated[str, Field(max_length=64), Storable]


def router(transactions: Transactions[InventoryWork], pool: "Pool[Record]") -> APIRouter:
    """The routes; what they change they change through ``transactions``."""
    routes = APIRouter(prefix="/v1", tags=["inventory"], route_class=JsonRoute)
    _change_stock(routes, transactions)
    _change_shipments(routes, transactions)
    _change_fulfilment(routes, transactions)
    _shake_hands(routes, transactions)
    _read(routes, pool)
    return routes


def _change_stock(routes: APIRouter, transactions: Transactions[InventoryWork]) -> None:
    @routes.post(
        "/stock/receipts",
        status_code=201,
        response_model=LevelsView,
        dependencies=ONCE,
        openapi_extra=KEYED | OUT_OF_RANGE,
    )
    async def receive_stock(body: ReceiptsBody, request: Request) -> Response:
        """Put goods on the shelves: all receipts, or none. Needs an Idempotency-Key."""

        async def act(work: InventoryWork) -> Answer:
            received = await actions.receive_stock(work, body.receipts)
            return Answer(201, received.json_bytes())

        return await once(transactions, request, await request.body(), act)

    @routes.post(
        "/stock/adjustments",
        status_code=201,
        response_model=LevelsView,
        dependencies=ONCE,
        openapi_extra=KEYED | OUT_OF_RANGE,
    )
    async def adjust_stock(body: AdjustmentsBody, request: Request) -> Response:
        """Correct units on hand after a count: all, or none. Needs an Idempotency-Key."""

        async def act(work: InventoryWork) -> Answer:
            adjusted = await actions.adjust_stock(work, body)
            return Answer(201, adjusted.json_bytes())

        return await once(transactions, request, await request.body(), act)


def _change_shipments(routes: APIRouter, transactions: Transactions[InventoryWork]) -> None:
    @routes.post(
        "/fulfilment-orders/{fulfilment_order_id}/shipments",
        status_code=201,
        response_model=ShipmentView,
        dependencies=ONCE,
        responses={201: {"headers": LOCATION}},
        openapi_extra=KEYED
        | problems(_404="not-found", _409="illegal-transition", _422="shipment-exceeds-holds"),
    )
    async def dispatch_shipment(
        fulfilment_order_id: Id, body: ShipmentBody, request: Request
    ) -> Response:
        """Send a part of a fulfilment order, or all of it. Needs an Idempotency-Key."""

        async def act(work: InventoryWork) -> Answer:
            shipment = await actions.dispatch_shipment(work, fulfilment_order_id, body)
            location = f"/v1/shipments/{shipment.shipment_id}"
            return Answer(201, shipment.json_bytes(), location)

        return await once(transactions, request, await request.body(), act)

    @routes.post("/shipments/{shipment_id}/events", openapi_extra=STEP)
    async def record_shipment_event(shipment_id: Id, body: ShipmentEventBody) -> ShipmentView:
        """What the carrier tells; telling it again changes nothing."""
        async with transactions.answering() as work:
            return await fulfilment.record_news(work, shipment_id, body)


def _change_fulfilment(routes: APIRouter, transactions: Transactions[InventoryWork]) -> None:
    @routes.post("/fulfilment-orders/{fulfilment_order_id}/processing", openapi_extra=STEP)
    async def begin_processing(fulfilment_order_id: Id) -> FulfilmentOrderView:
        """Say that picking and packing have begun; saying it again changes nothing."""
        async with transactions.answering() as work:
            return await fulfilment.begin_processing(work, fulfilment_order_id)


def _shake_hands(routes: APIRouter, transactions: Transactions[InventoryWork]) -> None:
    @routes.post("/fulfilment-orders/{fulfilment_order_id}/request", openapi_extra=STEP)
    async def request_fulfilment(fulfilment_order_id: Id) -> FulfilmentOrderView:
        """Ask the partner to fulfil it, after a rejection again; twice changes nothing."""
        async with transactions.answering() as work:
            return await partners.request(work, fulfilment_order_id)

    @routes.post("/fulfilment-orders/{fulfilment_order_id}/accept", openapi_extra=STEP)
    async def accept_fulfilment(fulfilment_order_id: Id) -> FulfilmentOrderView:
        """The partner will fulfil what was requested; twice changes nothing."""
        async with transactions.answering() as work:
            return await partners.accept(work, fulfilment_order_id)

    @routes.post("/fulfilment-orders/{fulfilment_order_id}/reject", openapi_extra=STEP)
    async def reject_fulfilment(
        fulfilment_order_id: Id, body: RejectionBody
    ) -> FulfilmentOrderView:
        """The partner will not fulfil what was requested; twice changes nothing."""
        async with transactions.answering() as work:
            return await partners.reject(work, fulfilment_order_id, body)

    @routes.post("/fulfilment-orders/{fulfilment_order_id}/cancellation", openapi_extra=STEP)
    async def answer_cancellation(
        fulfilment_order_id: Id,
        body: CancellationAnswerBody,
        operator: NamedOperator = None,
    ) -> FulfilmentOrderView:
        """The partner says whether it is cancelled, when asked; twice changes nothing.

        An operator who says it in the partner's place is named.
        """
        async with transactions.answering() as work:
            view = await partners.answer_cancellation(work, fulfilment_order_id, body)
        known = {"fulfilment_order_id": fulfilment_order_id, "order_id": view.order_id}
        acted("cancellation-answered", operator, **known, answer=body.answer)
        return view


def _read(routes: APIRouter, pool: "Pool[Record]") -> None:
    @routes.get("/stock/{sku:path}", openapi_extra=UNKNOWN)
    async def read_stock(sku: Id) -> StockView:
        """Units of one SKU, in all and by location."""
        return await queries.read_stock(pool, sku)

    @routes.get("/shipments/{shipment_id}", openapi_extra=UNKNOWN)
    async def read_shipment(shipment_id: Id) -> ShipmentView:
        return await queries.read_shipment(pool, shipment_id)

    @routes.get("/fulfilment-orders", openapi_extra=problems(_400="invalid-cursor"))
    async def list_fulfilment_orders(
        order_id: Filter | None = None,
        status: FulfilmentProgress | None = None,
        limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
        cursor: Annotated[str | None, Query(max_length=CURSOR_LENGTH_MAX)] = None,
    ) -> FulfilmentOrdersView:
        """What to send and what was sent, the oldest first; ``cursor`` is ``next_cursor``."""
        page = queries.Page(order_id, status, cursor, limit)
        return await queries.list_fulfilment_orders(pool, page)
