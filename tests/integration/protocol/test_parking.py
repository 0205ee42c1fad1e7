"""Parking and redrive in random interleavings: each effect once, in order, none stranded."""

import asyncio
import random
from collections import Counter

import pytest
from shared.messaging import pipeline
from shared.messaging.redrive import discard, redrive

from tests.integration.protocol.judge import mend_and_redrive, violations
from tests.integration.protocol.script import watch
from tests.integration.protocol.trial import PAUSES_S, Trial
from tests.support.tally import CountedAnew, Tally, TallyService, a_record, counted
from tests.support.waiting import pause

TRIALS, AT_ONCE = 250, 6  # Of two orders each.


async def test_every_effect_comes_once_and_in_order_whatever_interleaves(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch(monkeypatch, dawdle_somewhere)
    happened: Counter[str] = Counter()
    seeds = iter(range(TRIALS))

    async def run_trials() -> list[str]:
        found: list[str] = []
        for seed in seeds:
            trial = Trial(service, seed)
            found += await trial.judged()
            happened.update(trial.happened)
        return found

    found = await asyncio.gather(*(run_trials() for _ in range(AT_ONCE)))

    assert [one for some in found for one in some] == []
    parked = await service.value("SELECT count(*) FROM inbox WHERE disposition = 'parked'")
    assert parked > TRIALS
    assert happened["redriven"] > TRIALS
    assert happened["stopped at a failure"] > TRIALS / 10
    assert happened["discarded"] > TRIALS / 10
    print(dict(happened), parked)


async def dawdle_somewhere(_: str) -> None:
    """Between the statements of the real code, where a scheduler may stop a process."""
    await pause(random.choice(PAUSES_S))


async def test_a_longer_list_than_one_redrive_reads_strands_nothing(
    service: TallyService,
) -> None:
    tally = Tally("long", broken={("a", 1)})
    await service.pipeline(tally).process(counted("a", *range(1, 621)))
    tally.mend()

    place = (await service.fetch("SELECT * FROM parked_events ORDER BY id LIMIT 1"))[0]
    first = await redrive(service.transactions, tally.groups, place, "people")
    await service.pipeline(tally).process(counted("a", 621))
    second = await redrive(service.transactions, tally.groups, place, "people")

    assert (first.done + second.done, second.left) == (621, 0)
    assert first.left == 620 - first.done
    assert await violations(service, tally, {"a": range(1, 622)}) == []


async def test_a_redrive_locks_for_no_more_than_a_batch_may_hold(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = Tally("heavy", broken={("a", 1)})
    await service.pipeline(tally).process(counted("a", 1, 2, 3, goods=("g-1", "g-2")))
    tally.mend()
    monkeypatch.setattr(pipeline, "LINES_MAX", 4)

    place = (await service.fetch("SELECT * FROM parked_events ORDER BY id LIMIT 1"))[0]
    first = await redrive(service.transactions, tally.groups, place, "people")
    second = await redrive(service.transactions, tally.groups, place, "people")

    assert (first.done, first.left) == (2, 1)
    assert (second.done, second.left) == (1, 0)
    assert await violations(service, tally, {"a": (1, 2, 3)}) == []


async def test_behind_a_parked_event_all_wait_even_those_before_a_second_poison_record(
    service: TallyService,
) -> None:
    tally = Tally("two poisons", broken={("a", 1)})
    unreadable = a_record(CountedAnew(order_id="a", number=3), 3)
    await service.pipeline(tally).process(counted("a", 1))

    await service.pipeline(tally).process([*counted("a", 2), unreadable])

    assert await service.effects("a") == []
    await mend_and_redrive(service, tally)
    assert await violations(service, tally, {"a": (1, 2, 3)}) == []


async def test_behind_a_dropped_event_the_rest_still_waits_for_what_fails(
    service: TallyService,
) -> None:
    tally = Tally("dropped", broken={("a", 1), ("a", 2)})
    await service.pipeline(tally).process(counted("a", 1, 2, 3))
    place = (await service.fetch("SELECT * FROM parked_events ORDER BY id LIMIT 1"))[0]

    dropped = await discard(service.transactions, tally.groups, place, "people", "a mistake")
    await service.pipeline(tally).process(counted("a", 4))

    assert (dropped.done, dropped.left, dropped.failed) == (0, 2, "Broken")
    assert await service.effects("a") == []
    await mend_and_redrive(service, tally)
    assert await violations(service, tally, {"a": (2, 3, 4)}) == []
