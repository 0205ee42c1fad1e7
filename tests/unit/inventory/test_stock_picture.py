"""The picture of stock in memory adds up after any sequence of movements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inventory.domain.stock import (
    ON_HAND_MAX,
    HeldStock,
    Level,
    Moved,
    Movement,
    OutOfRange,
    Place,
    Stock,
)
from shared.contracts.inventory import Hold

HERE = Place("mug", "A")


def hold(quantity: int) -> Hold:
    return Hold(sku="mug", location="A", quantity=quantity)


def test_taking_reserves_and_leaves_the_shelf_full() -> None:
    stock = Stock({HERE: Level(10, 2)})

    stock.take("o1", [hold(3)])

    assert stock.levels[HERE] == Level(10, 5)
    assert stock.available == {"mug": {"A": 5}}
    assert stock.held("o1") == (hold(3),)
    assert stock.movements == [Movement("held", HERE, 3, "o1")]


def test_giving_back_undoes_taking() -> None:
    stock = Stock({HERE: Level(10, 2)})
    stock.take("o1", [hold(3)])

    assert stock.give_back("o1") == (hold(3),)
    assert stock.changes() == {}
    assert stock.held("o1") == ()
    assert stock.give_back("o1") == ()


def test_shipping_takes_from_the_shelf_what_was_reserved() -> None:
    stock = Stock({HERE: Level(10, 3)}, [HeldStock("o1", HERE, 3)])

    stock.ship("o1", [hold(2)])

    assert stock.changes() == {HERE: Level(-2, -2)}
    assert stock.held("o1") == (hold(1),)
    assert stock.changed_holds["o1", HERE] == HeldStock("o1", HERE, 3, shipped=2)


def test_only_what_was_not_shipped_is_given_back() -> None:
    stock = Stock({HERE: Level(10, 3)}, [HeldStock("o1", HERE, 3, shipped=1)])

    assert stock.give_back("o1") == (hold(2),)


def test_no_more_is_shipped_than_is_held() -> None:
    stock = Stock({HERE: Level(10, 3)}, [HeldStock("o1", HERE, 3, shipped=1)])

    with pytest.raises(AssertionError):
        stock.ship("o1", [hold(3)])


def test_what_is_not_locked_cannot_be_moved() -> None:
    with pytest.raises(KeyError):
        Stock().take("o1", [hold(1)])


def test_receipts_fill_the_shelf_to_the_last_countable_unit() -> None:
    stock = Stock({HERE: Level(ON_HAND_MAX - 3, 0)})

    assert stock.receive([(HERE, 1), (HERE, 2)]) == Moved()
    assert stock.levels[HERE] == Level(ON_HAND_MAX, 0)
    assert stock.movements == [Movement("received", HERE, 3)]


def test_receipts_are_all_counted_or_none() -> None:
    other = Place("jar", "A")
    stock = Stock({HERE: Level(ON_HAND_MAX, 0), other: Level(0, 0)})

    assert stock.receive([(other, 1), (HERE, 1)]) == OutOfRange(HERE, Level(ON_HAND_MAX, 0))
    assert stock.changes() == {}
    assert stock.movements == []


def test_a_correction_may_take_all_that_is_not_reserved() -> None:
    stock = Stock({HERE: Level(10, 4)})

    assert stock.adjust([(HERE, -6)], "counted") == Moved()
    assert stock.levels[HERE] == Level(4, 4)


def test_a_correction_never_takes_what_is_reserved() -> None:
    stock = Stock({HERE: Level(10, 4)})

    assert stock.adjust([(HERE, -7)], "counted") == OutOfRange(HERE, Level(10, 4))
    assert stock.changes() == {}


def test_what_was_saved_is_not_written_again() -> None:
    stock = Stock({HERE: Level(10, 0)})
    stock.take("o1", [hold(3)])

    stock.saved()

    assert (stock.changes(), stock.movements, stock.changed_holds) == ({}, [], {})
    stock.give_back("o1")
    assert stock.changes() == {HERE: Level(0, -3)}


@given(st.lists(st.tuples(st.sampled_from(["take", "give", "ship"]), st.integers(1, 5))))
def test_reserved_is_always_what_orders_hold(steps: list[tuple[str, int]]) -> None:
    stock = Stock({HERE: Level(20, 0)})
    for number, (step, units) in enumerate(steps):
        order_id = f"o{units if step != 'take' else number + 10}"
        if step == "take" and units <= stock.levels[HERE].available:
            stock.take(order_id, [hold(units)])
        elif step == "give":
            stock.give_back(f"o{number + 9}")
        elif step == "ship":
            stock.ship(f"o{number + 9}", stock.held(f"o{number + 9}"))

        held = sum(one.quantity for n in range(len(steps) + 10) for one in stock.held(f"o{n}"))
        assert stock.levels[HERE].reserved == held
        assert 0 <= stock.levels[HERE].reserved <= stock.levels[HERE].on_hand
