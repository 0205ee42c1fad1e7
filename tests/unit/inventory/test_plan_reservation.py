"""All lines of an order or none, never more than there is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from inventory.domain.reservation import Reserved, Shortage, plan_reservation, units_by_sku
from shared.contracts.inventory import Hold, ShipmentLine
from shared.contracts.inventory import Shortage as Missing

SKUS = st.sampled_from(["a", "b", "c", "d"])
LINES = st.lists(
    st.builds(ShipmentLine, sku=SKUS, quantity=st.integers(1, 10)), min_size=1, max_size=8
)
AVAILABLE = st.dictionaries(
    SKUS, st.dictionaries(st.sampled_from("XYZ"), st.integers(0, 12), max_size=3), max_size=4
)


def line(sku: str, quantity: int) -> ShipmentLine:
    return ShipmentLine(sku=sku, quantity=quantity)


def test_takes_the_last_unit() -> None:
    assert plan_reservation([line("a", 5)], {"a": {"X": 5}}) == Reserved(
        (Hold(sku="a", location="X", quantity=5),)
    )


def test_takes_nothing_when_one_unit_is_missing() -> None:
    assert plan_reservation([line("a", 6), line("b", 1)], {"a": {"X": 5}, "b": {"X": 1}}) == (
        Shortage((Missing(sku="a", requested=6, available=5),))
    )


def test_names_every_missing_sku_in_order() -> None:
    result = plan_reservation([line("b", 1), line("a", 2)], {"a": {"X": 1}})

    assert result == Shortage(
        (
            Missing(sku="a", requested=2, available=1),
            Missing(sku="b", requested=1, available=0),
        )
    )


def test_two_lines_of_one_sku_count_together() -> None:
    available = {"a": {"X": 5}}

    assert isinstance(plan_reservation([line("a", 3), line("a", 2)], available), Reserved)
    assert isinstance(plan_reservation([line("a", 3), line("a", 3)], available), Shortage)


def test_locations_are_emptied_in_their_order() -> None:
    result = plan_reservation([line("a", 4)], {"a": {"Z": 9, "Y": 0, "X": 3}})

    assert result == Reserved(
        (Hold(sku="a", location="X", quantity=3), Hold(sku="a", location="Z", quantity=1))
    )


@given(LINES, AVAILABLE)
def test_never_more_than_available(
    lines: list[ShipmentLine], available: dict[str, dict[str, int]]
) -> None:
    result = plan_reservation(lines, available)

    if isinstance(result, Reserved):
        for hold in result.holds:
            assert 0 < hold.quantity <= available[hold.sku][hold.location]


@given(LINES, AVAILABLE)
def test_all_or_none(lines: list[ShipmentLine], available: dict[str, dict[str, int]]) -> None:
    wanted = units_by_sku(lines)
    enough = all(sum(available.get(sku, {}).values()) >= n for sku, n in wanted.items())

    assert isinstance(plan_reservation(lines, available), Reserved) == enough


@given(LINES, AVAILABLE)
def test_what_is_reserved_is_what_was_asked(
    lines: list[ShipmentLine], available: dict[str, dict[str, int]]
) -> None:
    result = plan_reservation(lines, available)

    if isinstance(result, Reserved):
        taken: Counter[str] = Counter()
        for hold in result.holds:
            taken[hold.sku] += hold.quantity
        assert taken == Counter(units_by_sku(lines))
        assert len({(hold.sku, hold.location) for hold in result.holds}) == len(result.holds)
    else:
        assert all(one.requested > one.available for one in result.missing)
