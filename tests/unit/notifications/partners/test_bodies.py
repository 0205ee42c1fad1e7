"""The bytes that partners see: always the same, and never a word about another seller."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from notifications.partners.domain.log import LogEvent, Scope, body_for
from shared.contracts.inventory import FulfilmentLine, FulfilmentOrderOpened, ShipmentLine

from tests.support.fulfilment import dispatched

SELLERS = ("seller-alpha", "seller-beta", "seller-gamma")
LINES = st.lists(
    st.tuples(st.sampled_from((None, *SELLERS)), st.text(max_size=8), st.integers(1, 9)),
    min_size=1,
    max_size=12,
)
ODD = '{"note":"\u2028 \U0001f4e6 \\u00e9 \\"x\\" \\ud83d\\udce6","n":1.10,"n2":1E3,"a" : [ ]}'


def event_of(data: str, *sellers: str, **more: Any) -> LogEvent:
    values: dict[str, Any] = {
        "event_id": "evt_1",
        "type": "fulfilment.order-opened.v1",
        "tenant": "default",
        "order_id": "ord_1",
        "sequence": 7,
        "sellers": sellers,
        "seller_sequences": tuple(range(1, len(sellers) + 1)),
        "occurred_at": "2026-11-30T12:00:00Z",
        "data": data,
    }
    return LogEvent(**{**values, **more})


def opened_of(lines: list[tuple[str | None, str, int]]) -> FulfilmentOrderOpened:
    sellers = sorted({seller for seller, _, _ in lines if seller is not None})
    return FulfilmentOrderOpened(
        order_id="ord_1",
        fulfilment_order_id="ffo_1",
        seller_ids=tuple(sellers),
        lines=tuple(
            FulfilmentLine(sku=f"sku-{sku}-{n}", location="main", quantity=n, seller_id=seller)
            for seller, sku, n in lines
        ),
    )


def test_data_is_byte_for_byte_as_it_came() -> None:
    for data in (ODD, "{}", '{ "b":1,"a":2 }', '{"x":"\u0130\u0000"}'):
        body = body_for(Scope("default"), event_of(data))

        assert body.endswith(b',"data":' + data.encode() + b"}")


def test_the_attributes_are_those_of_standard_webhooks() -> None:
    document = json.loads(body_for(Scope("default"), event_of(ODD)))

    assert list(document) == ["id", "type", "timestamp", "order_id", "sequence", "data"]
    assert document["id"] == "evt_1"
    assert document["timestamp"] == "2026-11-30T12:00:00Z"
    assert document["sequence"] == 7
    assert document["data"] == json.loads(ODD)


def test_an_order_id_cannot_break_out_of_its_place() -> None:
    name = 'ord","sequence":99,"x":"\u2028\\'
    document = json.loads(body_for(Scope("default"), event_of("{}", order_id=name)))

    assert document["order_id"] == name
    assert document["sequence"] == 7


@given(LINES, st.booleans())
def test_a_seller_sees_its_own_lines_and_no_other_sellers_name(
    lines: list[tuple[str | None, str, int]], is_shipped: bool
) -> None:
    told = opened_of(lines)
    data = told.model_dump_json()
    if is_shipped:
        shipped = [
            ShipmentLine(sku=one.sku, quantity=one.quantity, seller_id=one.seller_id)
            for one in told.lines
        ]
        parcel = dispatched("ord_1", *told.seller_ids)
        data = parcel.model_copy(update={"lines": tuple(shipped)}).model_dump_json()
    event = event_of(data, *told.seller_ids)
    for number, seller in enumerate(told.seller_ids, 1):
        scope = Scope("default", seller)
        body = body_for(scope, event)
        document = json.loads(body)

        assert body == body_for(scope, event)
        assert scope.covers(event)
        assert document["sequence"] == number
        assert document["data"]["seller_ids"] == [seller]
        own = [(f"sku-{sku}-{n}", n) for whose, sku, n in lines if whose == seller]
        assert [(one["sku"], one["quantity"]) for one in document["data"]["lines"]] == own
        for other in SELLERS:
            assert (other.encode() in body) == (other == seller)
    for stranger in set(SELLERS) - set(told.seller_ids):
        assert not Scope("default", stranger).covers(event)
        assert not Scope("other", stranger).covers(event)


def test_another_tenants_events_are_covered_by_no_scope() -> None:
    event = event_of("{}", "seller-alpha")

    assert Scope("default").covers(event)
    assert not Scope("other").covers(event)
    assert not Scope("other", "seller-alpha").covers(event)
    assert not Scope("default", "").covers(event)
