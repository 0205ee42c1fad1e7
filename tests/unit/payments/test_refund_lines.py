"""Units that come back are priced by the lines they were bought in, and only once."""

import pytest
from payments.domain.lines import Exceeds, Line, Priced, Units, price_refund, units_by_sku

LINES = (
    Line(1, "mug", 3, 500),
    Line(2, "tea", 2, 250, refunded=1),
    Line(3, "mug", 2, 400),
    Line(4, "gift", 1, 0),
)


@pytest.mark.parametrize(
    ("wanted", "priced"),
    [
        ({"mug": 1}, Priced((Units(1, 1),), 500)),
        ({"mug": 3}, Priced((Units(1, 3),), 1500)),
        ({"mug": 4}, Priced((Units(1, 3), Units(3, 1)), 1900)),
        ({"mug": 5, "tea": 1}, Priced((Units(1, 3), Units(3, 2), Units(2, 1)), 2550)),
        ({"gift": 1}, Priced((Units(4, 1),), 0)),
        ({}, Priced((), 0)),
    ],
)
def test_units_are_taken_from_the_lines_as_they_come(
    wanted: dict[str, int], priced: Priced
) -> None:
    assert price_refund(LINES, wanted) == priced


@pytest.mark.parametrize(
    ("wanted", "exceeds"),
    [
        ({"mug": 6}, Exceeds("mug", 6, 5)),
        ({"tea": 2}, Exceeds("tea", 2, 1)),
        ({"pot": 1}, Exceeds("pot", 1, 0)),
        ({"mug": 1, "tea": 2}, Exceeds("tea", 2, 1)),
    ],
)
def test_no_more_units_come_back_than_are_left(wanted: dict[str, int], exceeds: Exceeds) -> None:
    assert price_refund(LINES, wanted) == exceeds


def test_the_same_sku_twice_counts_together() -> None:
    assert units_by_sku([("mug", 1), ("tea", 2), ("mug", 2)]) == {"mug": 3, "tea": 2}
