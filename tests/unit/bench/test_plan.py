"""Costs are told at powers of ten up to what was asked for."""

import pytest

from tests.bench.plan import FULL


@pytest.mark.parametrize(
    ("orders", "stored"),
    [
        (1_000_000, (10_000, 100_000, 1_000_000)),
        (250_000, (10_000, 100_000, 250_000)),
        (10_000, (10_000,)),
        (500, (500,)),
    ],
)
def test_growth_is_told_at_every_power_of_ten_and_at_its_end(
    orders: int, stored: tuple[int, ...]
) -> None:
    assert FULL.until_stored(orders).stored == stored
