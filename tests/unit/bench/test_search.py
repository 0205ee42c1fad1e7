"""The search comes close to what a system can do, and says so when it can do nothing."""

import pytest

from tests.bench.search import NEAR, confirmed, highest, rounded


class Machine:
    """Sustains up to ``capacity``; a long window it holds a little less."""

    def __init__(self, capacity: float, long_capacity: float | None = None) -> None:
        self.capacity = capacity
        self.long_capacity = long_capacity or capacity
        self.asked: list[tuple[float, float]] = []

    async def tried(self, rate: float, seconds: float) -> bool:
        self.asked.append((rate, seconds))
        return rate <= (self.capacity if seconds < 60 else self.long_capacity)


@pytest.mark.parametrize("start", [100.0, 950.0, 1000.0, 1050.0, 2500.0])
async def test_finds_a_rate_near_the_highest_from_wherever_it_starts(start: float) -> None:
    machine = Machine(1000)

    found = await highest(machine.tried, start, trial_s=15, trials_max=25)

    assert found is not None
    assert found <= 1000 < found * NEAR * 1.01


async def test_stops_after_so_many_trials_with_the_best_it_has() -> None:
    machine = Machine(1000)

    found = await highest(machine.tried, 400, trial_s=15, trials_max=3)

    assert found == 625
    assert len(machine.asked) == 3


async def test_finds_nothing_where_nothing_is_sustained() -> None:
    machine = Machine(0)

    assert await highest(machine.tried, 100, trial_s=15, trials_max=4) is None


async def test_a_rate_that_does_not_last_gives_way_to_one_that_does() -> None:
    machine = Machine(1000, long_capacity=920)

    assert await confirmed(machine.tried, 1000, 60, windows_max=5) == 902
    assert await confirmed(Machine(0).tried, 1000, 60, windows_max=5) is None


def test_rates_have_three_digits_and_are_at_least_one() -> None:
    assert [rounded(one) for one in (1234.5, 99.96, 0.2)] == [1230, 100, 1]
