"""Races are chosen as faults are, held so often as asked, and show nothing if one side wins all."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import cast

import pytest
from rich.console import Console

from tests.proof import catalogue, cli
from tests.proof.arena import Arena
from tests.proof.cli import asked_for
from tests.proof.fault import Fault
from tests.proof.judges.verdict import Violation
from tests.proof.races.catalogue import PAIRS, PAIRS_FULL, RACES, chosen
from tests.proof.races.meetings import Meetings
from tests.proof.report import Progress, Row
from tests.proof.runner import Pace
from tests.support.waiting import pause


def test_a_race_is_chosen_by_its_number_its_id_or_as_a_stage() -> None:
    assert [one.id for one in chosen(["R4"])] == ["R4.last-unit"]
    assert chosen(["R4.last-unit"]) == chosen(["R4"])
    assert chosen([]) == list(RACES)
    assert len({one.id for one in RACES}) == len(RACES)
    assert asked_for(["--only", "R4"]).stages == ("races",)
    assert asked_for(["--only", "races"]).stages == ("races",)
    assert asked_for(["--only", "R4,F12,simulation"]).stages == ("faults", "races", "simulation")
    assert asked_for(["--minutes", "1"]).stages == ("faults",)
    assert asked_for([]).stages == tuple(one.name for one in cli.STAGES)


def test_what_is_left_out_of_the_races_is_named() -> None:
    left = cli.not_run(asked_for(["--only", "R4"]))

    assert "R1.cancel-capture" in left
    assert "R4.last-unit" not in left
    assert "9,900 of 10,000 pairs of each race" in left
    assert not {"races", "F12"} & set(cli.not_run(asked_for(["--full"])))
    assert "F12" not in left, "the stage is named, and not each of its faults"
    assert "faults" in left


def test_there_are_as_many_pairs_as_asked_for() -> None:
    assert asked_for([]).pairs == PAIRS
    assert asked_for(["--full"]).pairs == PAIRS_FULL
    assert asked_for(["--full", "--pairs", "500"]).pairs == 500
    again = RACES[0].as_fault(500, print).again(seed=7)
    assert again == "make prove ARGS='--seed 7 --only R1.cancel-capture --pairs 500'"
    asked = asked_for(again.partition("'")[2].rstrip("'").split())
    assert (asked.seed, asked.only, asked.pairs) == (7, ("R1.cancel-capture",), 500)


async def test_three_seeds_run_what_no_seed_draws_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: Counter[tuple[str, int]] = Counter()

    async def run_faults(
        faults: Sequence[Fault], seed: int, pace: Pace, progress: Progress
    ) -> list[Row]:
        ran.update((one.id, seed) for one in faults)
        return []

    monkeypatch.setattr(cli, "run_faults", run_faults)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    (faults,) = (one for one in cli.STAGES if one.name == "faults")
    await faults.run(asked_for(["--full", "--seed", "5"]), Progress(Console(quiet=True)))

    assert set(ran.values()) == {1}
    assert {seed for name, seed in ran if name == "F12"} == {5, 6, 7}
    swept = {one.id for one in catalogue.FAULTS if one.full_only}
    assert {seed for name, seed in ran if name in swept} == {5}


class TestMeetings:
    async def test_every_pair_meets_once_and_no_more_lanes_are_open_than_asked(self) -> None:
        meetings, told = held(pairs=25)
        open_lanes: set[int] = set()
        most = 0

        async def meet(lane: int) -> None:
            nonlocal most
            assert lane not in open_lanes
            open_lanes.add(lane)
            most = max(most, len(open_lanes))
            await pause(0)
            open_lanes.remove(lane)
            meetings.wins[("left", "right")[lane % 2]] += 1

        await meetings.hold(meet, at_once=4)

        assert (sum(meetings.wins.values()), most) == (25, 4)
        assert len(told) == 10
        assert told[-1].startswith("25 of 25 pairs")

    async def test_pairs_in_waves_are_as_many_as_asked(self) -> None:
        meetings, _ = held(pairs=25)
        sizes: list[int] = []

        async def meet(_: int, pairs: int) -> None:
            sizes.append(pairs)

        await meetings.hold_together(meet, size=10, at_once=2)
        assert sizes == [10, 10, 5]

    async def test_the_first_failure_ends_all(self) -> None:
        meetings, _ = held(pairs=25)
        met: list[int] = []

        async def meet(lane: int) -> None:
            met.append(lane)
            await pause(0)
            assert lane != 1, "lost"

        with pytest.raises(AssertionError, match="lost"):
            await meetings.hold(meet, at_once=3)
        assert len(met) < 9

    def test_a_race_that_one_side_always_wins_shows_nothing(self) -> None:
        meetings, _ = held(pairs=2)
        meetings.wins["left"] = 2

        with pytest.raises(AssertionError, match="a side has never won: 2 left"):
            meetings.witness("left", "right")

    def test_what_a_race_saw_go_wrong_is_told_whoever_won(self) -> None:
        meetings, _ = held(pairs=2)
        broken = Violation("last-unit-sold-once", "", "twice")
        meetings.broken.append(broken)

        assert meetings.witness("left", "right").broken == (broken,)


def held(pairs: int) -> tuple[Meetings, list[str]]:
    """Meetings without an arena, and what they tell."""
    told: list[str] = []
    return Meetings(cast(Arena, None), random.Random(1), pairs, told.append), told
