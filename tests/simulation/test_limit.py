"""A seed that does not end is told with its number; nobody waits for it."""

import asyncio
from typing import Any

import pytest

from tests.simulation import limit, steps
from tests.simulation.run import simulate

SEED, SOON_S = 11, 3.0  # Longer than the seed needs to come to the step on a busy machine.


async def wait(*_: Any) -> None:
    await asyncio.get_running_loop().create_future()


async def go_in_circles(*_: Any) -> None:
    while True:
        pass


@pytest.mark.parametrize("step", [wait, go_in_circles])
def test_a_seed_that_does_not_end_is_wrong(monkeypatch: pytest.MonkeyPatch, step: Any) -> None:
    monkeypatch.setattr(steps, "relay", step)
    monkeypatch.setattr(limit, "SECONDS_MAX", SOON_S)
    monkeypatch.setattr(limit, "CPU_SECONDS_MAX", SOON_S)

    (failed,) = simulate(range(SEED, SEED + 1), processes=1).failures

    assert failed.seed == SEED
    (violation,) = failed.violations
    assert "TooLong" in violation
    assert f"{step.__code__.co_filename.rpartition('/')[2]}:" in violation
