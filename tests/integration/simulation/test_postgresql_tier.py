"""The simulation's slow tier: the services' own statements do what the rows in memory do."""

import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from inventory import store as inventory
from payments.store import payments
from shared.messaging import redrive
from shared.work import rows

from tests.simulation.postgresql import open_pools
from tests.simulation.postgresql_picture import Pools
from tests.simulation.run import run_on_both
from tests.support.documented import ROOT, commands

# The last three redrive submissions more than once; they found a redrive that lost some.
SEEDS = (11, 12, 13, 14, 3, 4087, 4475)


class Wrong(NamedTuple):
    """A statement with ``part`` replaced ``by`` something else, and a seed that finds it."""

    module: Any
    name: str
    part: str
    by: str
    seed: int


HELD_BY_ANYBODY = """SELECT u.token AS lease_token FROM work_rows w
JOIN unnest($1::bigint[], $2::uuid[]) u(id, token) ON w.id = u.id"""
HELD_BY_US = HELD_BY_ANYBODY.replace("u.token AS ", "w.") + " AND w.lease_token = u.token"
WRONG = (
    Wrong(rows, "_LEASE", "AND NOT e.done", "AND false", 0),
    Wrong(rows, "_INSERT", "AND NOT e.done", "AND false", 0),
    Wrong(payments, "_HOLD_LEASES", HELD_BY_US, HELD_BY_ANYBODY, 0),
    Wrong(redrive, "_READ_LIST", "ORDER BY id", "ORDER BY id DESC", 7),
    Wrong(inventory, "_UNDELIVERED", "AND delivered_at IS NULL", "", 0),
)


@pytest.fixture(scope="module")
async def pools(database: Callable[[str], Awaitable[str]]) -> AsyncIterator[Pools]:
    async with open_pools(database) as opened:
        yield opened


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_seed_ends_right_and_goes_as_in_memory(pools: Pools, seed: int) -> None:
    world = await run_on_both(seed, pools)

    assert world.violations == []


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: one.name)
async def test_a_wrong_statement_is_found(
    pools: Pools, monkeypatch: pytest.MonkeyPatch, wrong: Wrong
) -> None:
    right = getattr(wrong.module, wrong.name)
    assert wrong.part in right
    monkeypatch.setattr(wrong.module, wrong.name, right.replace(wrong.part, wrong.by))

    world = await run_on_both(wrong.seed, pools)

    assert world.violations != []


def test_the_command_of_the_page() -> None:
    (shown,) = (
        one.text for one in commands(["tests/simulation/README.md"]) if "--postgresql" in one.text
    )
    words = [sys.executable, *shlex.split(shown)[1:]]
    words[words.index("--seeds") + 1] = "2"

    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    assert "2/2 seeds" in ended.stderr
