"""Money and goods against orders: what is wrong, and what may be on its way."""

from dataclasses import replace

import pytest
from local_runtime.audit import orders_and_holds, orders_and_money
from local_runtime.audit.by_order import judged
from local_runtime.audit.orders_and_holds import Holds
from local_runtime.audit.orders_and_money import ENDED, LIVE, Money, Order

PAID = Money("ord_1", 250, 0, 250, "GBP", 0)
HELD = Holds("ord_1", 2, 0, "open", "mug 2")


def an_order(status: str) -> Order:
    return Order("ord_1", status, 250, "GBP")


def goods_of(status: str) -> orders_and_holds.Order:
    return orders_and_holds.Order("ord_1", status, "open", "mug 2")


@pytest.mark.parametrize("status", sorted(LIVE))
@pytest.mark.parametrize(
    ("money", "wrong"),
    [
        (PAID, None),
        (replace(PAID, returned_minor=250), None),
        (replace(PAID, charged_minor=349, returned_minor=99), None),
        (None, "0 of 250 was taken"),
        (replace(PAID, charged_minor=249, own_minor=249), "249 of 250 was taken"),
        (replace(PAID, charged_minor=500, own_minor=500), "500 of 250 was taken"),
        (replace(PAID, own_currency="EUR"), "in GBP, and paid in EUR"),
        (replace(PAID, returned_minor=251), "1 more given back than taken"),
    ],
)
def test_a_live_order_was_paid_once_in_full(
    status: str, money: Money | None, wrong: str | None
) -> None:
    why = orders_and_money.judge(an_order(status), money)

    assert (why is None) if wrong is None else (why or "").endswith(wrong)


@pytest.mark.parametrize("status", sorted(ENDED))
@pytest.mark.parametrize(
    ("money", "kept"),
    [
        (None, 0),
        (replace(PAID, returned_minor=250), 0),
        (replace(PAID, returning_minor=250), 0),
        (replace(PAID, returned_minor=50, returning_minor=200), 0),
        (PAID, 250),
        (replace(PAID, returned_minor=50, returning_minor=199), 1),
    ],
)
def test_an_order_that_ended_keeps_no_money(status: str, money: Money | None, kept: int) -> None:
    why = orders_and_money.judge(an_order(status), money)

    assert why == (f"{status}, and {kept} is kept" if kept else None)


def test_money_of_no_order_is_wrong_unless_it_went_back() -> None:
    assert orders_and_money.judge(None, PAID) == "250 held for no order"
    assert orders_and_money.judge(None, replace(PAID, returned_minor=250)) is None


@pytest.mark.parametrize("money", [None, PAID])
def test_a_pending_orders_money_may_be_on_its_way(money: Money | None) -> None:
    assert orders_and_money.judge(an_order("pending"), money) is None


@pytest.mark.parametrize(
    ("holds", "wrong"),
    [
        (HELD, None),
        (None, "nothing is held"),
        (replace(HELD, goods=None), "nothing is held"),
        (replace(HELD, goods="mug 1"), "other goods are held than were ordered"),
        (replace(HELD, released=1), "1 units were released"),
        (replace(HELD, fulfilment="shipped"), "orders says open, inventory says shipped"),
    ],
)
def test_a_live_order_has_its_goods(holds: Holds | None, wrong: str | None) -> None:
    why = orders_and_holds.judge(goods_of("confirmed"), holds)

    assert (why is None) if wrong is None else (why or "").endswith(wrong)


def test_inventory_may_be_ahead_of_an_order_that_is_being_cancelled() -> None:
    ahead = replace(HELD, fulfilment="cancelled")

    assert orders_and_holds.judge(goods_of("cancelling"), ahead) is None
    assert orders_and_holds.judge(goods_of("confirmed"), ahead) is not None


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_order_that_ended_holds_nothing(status: str) -> None:
    released = replace(HELD, held=0, released=2)

    assert orders_and_holds.judge(goods_of(status), None) is None
    assert orders_and_holds.judge(goods_of(status), released) is None
    assert orders_and_holds.judge(goods_of(status), HELD) == f"{status}, and 2 units are held"


def test_a_hold_without_an_order_is_wrong_while_it_holds() -> None:
    assert orders_and_holds.judge(None, HELD) == "2 units held for no order"
    assert orders_and_holds.judge(None, replace(HELD, held=0)) is None
    assert orders_and_holds.judge(goods_of("pending"), HELD) is None


def test_every_order_of_either_side_is_judged_once() -> None:
    ours = [replace(an_order("confirmed"), order_id=one) for one in ("ord_1", "ord_2")]
    theirs = [PAID, replace(PAID, order_id="ord_3")]

    assert judged(ours, theirs, orders_and_money.judge) == {
        "ord_2": "confirmed, and 0 of 250 was taken",
        "ord_3": "250 held for no order",
    }
