"""One order is one trace, told from the spans that the services export."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.semconv import attributes
from opentelemetry.semconv._incubating import attributes as incubating
from shared.contracts import topics
from shared.observability.spans import Span

from tests.support.builders import a_line, an_order
from tests.support.judges import FACTS
from tests.support.kafka_log import headers_of
from tests.support.shop import Shop
from tests.support.storefront import Storefront
from tests.support.trace_collector import Spans
from tests.support.traces import Caller, Path
from tests.support.waiting import eventually

BUY = "storefront: buy"
BY_HTTP = (BUY, "orders: POST /v1/orders")
BY_TOPIC = (BUY, "orders: process storefront.order-submitted.v1")
OPENED = "inventory: process orders.order-confirmed.v1"
DISPATCH = "inventory: POST /v1/fulfilment-orders/{fulfilment_order_id}/shipments"
DELIVERY = "inventory: POST /v1/shipments/{shipment_id}/events"
EVENTS_OF_A_DELIVERED_ORDER = 9


def fan_out(placed: Path) -> list[Path]:
    """What the one OrderPlaced causes in every service, and what comes back of it."""
    charged = (*placed, "payments: process orders.order-placed.v1", "payments: work charge")
    held = (*placed, "inventory: process orders.order-placed.v1")
    return [
        (*charged, "payments: charge provider"),
        (*charged, "orders: process payments.payment-captured.v1"),
        (*held, "orders: process inventory.stock-reserved.v1"),
        (*placed, *mailed("order-placed")),
    ]


def mailed(fact: str) -> Path:
    return (
        f"notifications: process orders.{fact}.v1",
        "notifications: work mail",
        "notifications: send mail",
    )


CONFIRMED_AND_SENT = [
    mailed("order-confirmed"),
    (OPENED, "orders: process fulfilment.fulfilment-order-opened.v1"),
    (
        OPENED,
        DISPATCH,
        "orders: process fulfilment.shipment-dispatched.v1",
        *mailed("order-shipped"),
    ),
    (
        OPENED,
        DELIVERY,
        "orders: process fulfilment.shipment-delivered.v1",
        *mailed("order-delivered"),
    ),
]


async def test_an_order_by_http_is_one_trace_from_the_request_to_the_delivery(
    shop: Shop, spans: Spans
) -> None:
    caller, sku = Caller(spans), await shop.new_sku(1)
    body = an_order(a_line(sku))

    url = shop.url("orders") + "/v1/orders"
    answer = await shop.post(url, body, traceparent=caller.traceparent)
    order_id = answer.body["order_id"]
    await _send(shop, order_id)

    trace = await caller.sees(*fan_out(BY_HTTP), *CONFIRMED_AND_SENT)
    await _every_record_is_of(trace, shop, order_id)


async def test_attributes_of_spans_are_named_by_the_conventions_or_are_ours(
    shop: Shop, spans: Spans
) -> None:
    """A name that is nearly right is found by nobody (OTel semantic conventions, as installed)."""
    caller = Caller(spans)
    body = an_order(a_line(await shop.new_sku(1)))
    url = shop.url("orders") + "/v1/orders"
    await shop.post(url, body, traceparent=caller.traceparent)

    trace = await caller.sees(*fan_out(BY_HTTP))

    names = {name for one in trace for name in one.attributes}
    assert names
    assert {one for one in names if not one.startswith("orderproof.")} <= conventional()


def conventional() -> set[str]:
    """Every attribute that the installed conventions name, stable or not yet."""
    modules = [
        import_module(f"{package.__name__}.{one.name}")
        for package in (attributes, incubating)
        for one in iter_modules(package.__path__)
    ]
    constants = (vars(one).items() for one in modules)
    return {
        value
        for each in constants
        for name, value in each
        if name.isupper() and isinstance(value, str)
    }


async def test_an_order_by_the_storefronts_topic_is_one_trace_to_the_delivery(
    shop: Shop, spans: Spans
) -> None:
    caller, sku = Caller(spans), await shop.new_sku(1)
    body = an_order(a_line(sku))

    storefront = Storefront(shop)
    event_id = await storefront.submit(body, traceparent=caller.traceparent)
    order_id = await storefront.order_of(body["client_reference"])
    await _send(shop, order_id)

    trace = await caller.sees(*fan_out(BY_TOPIC), *CONFIRMED_AND_SENT)
    await _every_record_is_of(trace, shop, order_id)
    assert (await _timeline(shop, order_id))[0]["event_id"] == event_id


@pytest.mark.parametrize("named_by", ["client_reference", "order_id"])
async def test_a_cancellation_by_the_topic_is_told_in_the_trace_that_asked_for_it(
    shop: Shop, spans: Spans, named_by: str
) -> None:
    storefront, buyer, caller = Storefront(shop), Caller(spans), Caller(spans)
    body = an_order(a_line(await shop.new_sku(1)), token="tok_slow")
    await storefront.submit(body, traceparent=buyer.traceparent)
    order_id = await storefront.order_of(body["client_reference"])
    name = {"client_reference": body["client_reference"], "order_id": order_id}[named_by]

    event_id = await storefront.cancel({named_by: name}, traceparent=caller.traceparent)
    await shop.reaches(order_id, "cancelled")

    cancelled = (BUY, "orders: process storefront.order-cancellation-requested.v1")
    await caller.sees(
        (*cancelled, "payments: process orders.order-cancelled.v1"),
        (*cancelled, "inventory: process orders.order-cancelled.v1"),
        (*cancelled, *mailed("order-cancelled")),
    )
    assert event_id in [one["event_id"] for one in await _timeline(shop, order_id)]


async def test_a_refusal_is_told_in_the_trace_of_what_was_refused(shop: Shop, spans: Spans) -> None:
    storefront, buyer, caller = Storefront(shop), Caller(spans), Caller(spans)
    reference = f"web-{uuid4().hex}"
    await storefront.submit(an_order(reference=reference), traceparent=buyer.traceparent)
    other = an_order(reference=reference)

    await storefront.submit(other, traceparent=caller.traceparent)

    refused = await storefront.refused(reference)
    assert refused["reason"] == "reference-reused"
    trace = await caller.sees((BUY, "orders: process storefront.order-submitted.v1"))
    assert _context(refused) in {(one.trace_id, one.span_id) for one in trace}


async def test_orders_submitted_without_a_context_have_a_trace_each(shop: Shop) -> None:
    storefront = Storefront(shop)
    bodies = [an_order() for _ in range(3)]

    for body in bodies:
        await storefront.submit(body)
    order_ids = [await storefront.order_of(body["client_reference"]) for body in bodies]

    async def placed() -> dict[str, str]:
        """The trace of each order's placing, once all of them are in Kafka."""
        told = [headers_of(one) for one in await shop.log.read(topics.ORDERS)]
        traces = {
            one["ce_subject"]: _context(one)[0]
            for one in told
            if one.get("ce_type") == "orders.order-placed.v1" and one.get("ce_subject") in order_ids
        }
        return traces if len(traces) == len(order_ids) else {}

    traces = await eventually(placed, "three orders are told of")
    assert len(set(traces.values())) == len(order_ids)


async def _send(shop: Shop, order_id: str) -> None:
    """The warehouse goes on in the context in which it was told of the order."""
    assert (await shop.outcome(order_id))["status"] == "confirmed"
    await shop.fulfilment_order(order_id)
    records = await shop.log.read(topics.FULFILMENT)
    told = next(headers_of(one) for one in records if one.key == order_id.encode())
    shipment = await shop.dispatch(order_id, traceparent=told["traceparent"])
    await shop.deliver(shipment, traceparent=told["traceparent"])
    await shop.reaches(order_id, "delivered")
    await shop.mailed(order_id, 4)


async def _every_record_is_of(trace: list[Span], shop: Shop, order_id: str) -> None:
    """What the outbox kept and Kafka has is below a span of the trace, for every event."""
    known = {(one.trace_id, one.span_id) for one in trace}
    told = [headers_of(one) for one in await shop.log.read(*FACTS) if one.key == order_id.encode()]
    assert len(told) == EVENTS_OF_A_DELIVERED_ORDER, [one["ce_type"] for one in told]
    assert {_context(one) for one in told} <= known


async def _timeline(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    answer = await shop.get(f"{shop.url('orders')}/v1/orders/{order_id}/timeline")
    return list(answer.body["transitions"])


def _context(headers: dict[str, str]) -> tuple[str, str]:
    """Trace and parent of a record, by its ``traceparent``."""
    _, trace_id, span_id, _ = headers["traceparent"].split("-")
    return trace_id, span_id
