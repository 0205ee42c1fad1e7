"""Whose goods an order is about."""

from inventory.domain.fulfilment import about, in_parcel, to_send
from inventory.domain.order import OrderHolds
from inventory.domain.sellers import NOBODY, distinct, read_sellers, sellers_of
from shared.contracts.inventory import FulfilmentLine, Hold, ShipmentLine
from shared.contracts.orders import OrderLine

ORDER = OrderHolds(
    "ord_1", "acme", "held", "ffo_1", "open", sellers='{"b": "s-2", "a": "s-1", "d": "s-1"}'
)


def line(sku: str, seller_id: str | None) -> OrderLine:
    return OrderLine(sku=sku, quantity=1, unit_price_minor=1, seller_id=seller_id)


def sellers(*lines: tuple[str, str | None]) -> dict[str, str]:
    return dict(read_sellers(sellers_of(line(*one) for one in lines)))


def test_the_shops_own_goods_have_no_seller() -> None:
    assert sellers_of([]) == sellers_of([line("a", None)]) == NOBODY
    assert read_sellers(NOBODY) == {}
    assert sellers(("a", "")) == {}


def test_a_sku_is_its_sellers_however_many_lines_it_has() -> None:
    assert sellers(("a", "s-1"), ("b", "ß"), ("c", None), ("a", "s-1")) == {"a": "s-1", "b": "ß"}


def test_a_sku_that_several_sell_in_one_order_is_nobodys() -> None:
    assert sellers(("a", "s-1"), ("a", "s-2"), ("b", "s-1")) == {"b": "s-1"}
    assert sellers(("a", "s-1"), ("a", "s-2"), ("a", "s-1")) == {}
    assert sellers(("a", "s-1"), ("a", None)) == sellers(("a", None), ("a", "s-1")) == {}


def test_sellers_are_sorted_and_each_is_there_once() -> None:
    owners = read_sellers(ORDER.sellers)

    assert distinct(owners, ["b", "a", "d", "c"]) == ("s-1", "s-2")
    assert distinct(owners, ["c"]) == ()


def test_an_event_is_about_the_sellers_of_all_goods_or_of_its_parcels() -> None:
    assert about(ORDER)["seller_ids"] == ("s-1", "s-2")
    assert about(ORDER, in_parcel(ORDER, {"b": 1, "c": 2}))["seller_ids"] == ("s-2",)
    assert about(ORDER, [])["seller_ids"] == ()


def test_a_line_says_whose_it_is() -> None:
    holds = [Hold(sku=sku, location="A", quantity=1) for sku in "ac"]

    assert to_send(ORDER, holds) == (
        FulfilmentLine(sku="a", location="A", quantity=1, seller_id="s-1"),
        FulfilmentLine(sku="c", location="A", quantity=1, seller_id=None),
    )
    assert in_parcel(ORDER, {"a": 2}) == (ShipmentLine(sku="a", quantity=2, seller_id="s-1"),)
