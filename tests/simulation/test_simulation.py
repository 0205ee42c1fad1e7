"""The simulation itself: a few seeds are right, and a seed is the same each time."""

import asyncio

from tests.simulation.cells import CELLS
from tests.simulation.driver import run
from tests.simulation.run import in_memory, simulate
from tests.simulation.world import DELIVERIES_MIN, FAULTS_MIN

SEEDS = range(1_000, 1_030)
SPREAD = 23  # Cells of all rows, and of each fault some.


def test_orders_come_right_whatever_a_few_seeds_do_to_them() -> None:
    report = simulate(SEEDS, processes=1)

    assert [(one.seed, one.violations) for one in report.failures] == []
    assert report.surprises == []


def test_a_drill_leads_an_order_to_its_cell() -> None:
    for place in range(0, len(CELLS), SPREAD):
        row, fault = CELLS[place]
        report = simulate(range(place, place + 1), processes=1)

        assert report.hits[(*row, fault)], f"{row} after {fault}"


def test_a_seed_is_the_same_each_time() -> None:
    first, second = (simulate(range(7, 10), processes=1) for _ in range(2))

    assert first.digests == second.digests
    assert len(set(first.digests.values())) == 3


def test_a_seed_has_orders_deliveries_and_faults_enough() -> None:
    for seed in range(20, 25):
        world = asyncio.run(run(seed, in_memory))

        assert len(world.placed) >= 8
        assert world.deliveries >= DELIVERIES_MIN
        assert world.faults.total() >= FAULTS_MIN
