"""The slow tier: seeds on real PostgreSQL come right, and are the seeds of the fast tier."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import pytest

from tests.simulation.driver import run
from tests.simulation.postgresql_picture import broken_promises
from tests.simulation.postgresql_system import emptied, on_postgresql
from tests.simulation.run import in_memory
from tests.simulation.system import SERVICES

DATABASES = "simulation"
SEEDS_EACH = 4


@pytest.fixture(scope="module")
async def dsns(database: Callable[[str], Awaitable[str]]) -> Mapping[str, str]:
    return {service: await database(service) for service in SERVICES}


@pytest.mark.parametrize("first", range(0, 24, SEEDS_EACH))
async def test_a_seed_comes_right_on_postgresql(dsns: Mapping[str, str], first: int) -> None:
    """Judged as in the fast tier, and by the services' own invariants."""
    for seed in range(first, first + SEEDS_EACH):
        async with emptied(dsns) as pools:
            world = await run(seed, partial(on_postgresql, pools))

            assert (seed, world.violations) == (seed, [])
            assert (seed, await broken_promises(pools)) == (seed, {})


async def test_a_seed_has_the_same_history_in_memory_and_on_postgresql(
    dsns: Mapping[str, str],
) -> None:
    """So what is held in memory in place of the statements behaves as they do."""
    for seed in range(100, 104):
        expected = await run(seed, in_memory)
        async with emptied(dsns) as pools:
            world = await run(seed, partial(on_postgresql, pools))

        assert world.history == expected.history
