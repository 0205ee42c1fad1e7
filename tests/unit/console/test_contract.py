"""How a record's data differs from its contract, member by member."""

import json
from typing import Any

from console.domain.contract import FOUND_MAX, differences
from shared.contracts.inventory import ShipmentDispatched
from shared.contracts.orders import OrderPlaced
from shared.contracts.payments import PaymentCaptured

CAPTURED = {"order_id": "ord_1", "payment_id": "pay_1", "amount_minor": 5, "currency": "GBP"}


def found(event: Any, data: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [
        (one.pointer, one.what, one.wanted, one.found)
        for one in differences(event.model_json_schema(), json.dumps(data))
    ]


def test_data_as_the_contract_has_it_differs_in_nothing() -> None:
    assert found(PaymentCaptured, {**CAPTURED, "late": True, "tenant": "default"}) == []


def test_missing_unknown_and_of_another_kind_are_told_with_their_place() -> None:
    data = {**CAPTURED, "amount_minor": "5", "a/b": None}
    del data["currency"]

    assert found(PaymentCaptured, data) == [
        ("/currency", "missing", "string", "nothing"),
        ("/amount_minor", "of another kind", "integer", "string"),
        ("/a~1b", "unknown", "nothing", "null"),
    ]


def test_lists_and_references_are_followed() -> None:
    data = {
        **dict.fromkeys(("order_id", "fulfilment_order_id", "shipment_id", "carrier"), "x"),
        "tracking_number": "x",
        "complete": 1,
        "lines": [{"sku": "a", "quantity": 1}, {"sku": 7}],
    }

    assert set(found(ShipmentDispatched, data)) == {
        ("/lines/1/quantity", "missing", "integer", "nothing"),
        ("/lines/1/sku", "of another kind", "string", "integer"),
        ("/complete", "of another kind", "boolean", "integer"),
    }


def test_one_of_several_kinds_is_right_and_what_is_withheld_too() -> None:
    names = {
        place for place, *_ in found(OrderPlaced, {"customer_id": None, "personal": "withheld"})
    }

    assert "/customer_id" not in names
    assert "/personal" not in names
    assert "/lines" in names


def test_there_is_an_end_to_them() -> None:
    assert len(found(PaymentCaptured, {f"n{one}": 1 for one in range(1_000)})) == FOUND_MAX
