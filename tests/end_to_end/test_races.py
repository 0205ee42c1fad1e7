"""The proof's races that no other test holds 500 times: answer or deadline, and one key at once."""

import pytest
from rich.console import Console

from tests.proof.races.catalogue import Race, chosen
from tests.proof.report import Progress
from tests.proof.runner import Pace, run_faults
from tests.support.races import drawn_lots

PAIRS = 500
RACES = chosen(["R2.deadline-confirm", "R5.same-key"])


@pytest.mark.parametrize("race", RACES, ids=lambda one: one.id)
async def test_whoever_wins_every_promise_is_kept(race: Race) -> None:
    """Each side has won some, and all of the arena's orders are judged once more at its end."""
    progress = Progress(Console(highlight=False, soft_wrap=True))
    with drawn_lots() as luck:
        seed = luck.getrandbits(32)
        rows = await run_faults([race.as_fault(PAIRS, progress.phase)], seed, Pace(), progress)

    assert rows[0].id == race.id
    assert {one.id: (one.void, one.violations) for one in rows if not one.passed} == {}
