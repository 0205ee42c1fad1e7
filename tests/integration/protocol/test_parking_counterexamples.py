"""Each shortcut in parking and redrive fails at its moment; the protocol holds there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from shared.messaging.redrive import redrive

from tests.integration.protocol import weakened
from tests.integration.protocol.judge import mend_and_redrive, violations
from tests.integration.protocol.script import Script, watch
from tests.support.tally import Tally, TallyService, counted

Scenario = Callable[[TallyService, Tally, Script], Awaitable[None]]
Weakening = Callable[[pytest.MonkeyPatch], None]


async def first_parked_before_the_second_holder_looks(
    service: TallyService, tally: Tally, script: Script
) -> None:
    """A zombie parks 1 while the consumer is between its start and its inbox insert."""
    tally.broken = {("a", 1)}
    consumer, zombie = (
        script.start(name, service.pipeline(tally).process(counted("a", 1, 2)))
        for name in ("consumer", "zombie")
    )
    # The zombie inserts both, then 1 alone, then 1 to be parked, then 2.
    script.at(
        "consumer", "before_inbox", 1, lambda: script.has_reached("zombie", "before_inbox", 4)
    )
    script.at("zombie", "before_inbox", 4, lambda: script.done(consumer))
    await asyncio.gather(consumer, zombie)


async def first_parked_while_the_second_holder_waits_for_its_inbox_row(
    service: TallyService, tally: Tally, script: Script
) -> None:
    """A zombie commits the parking of 1 when the consumer already waits for 1's inbox row."""
    tally.broken = {("a", 1)}
    script.at(
        "consumer", "before_inbox", 1, lambda: script.has_reached("zombie", "event_parked", 1)
    )
    consumer = script.start("consumer", service.pipeline(tally).process(counted("a", 1, 2)))
    script.at("zombie", "event_parked", 1, lambda: script.done_or_waiting(consumer))
    script.at("zombie", "before_inbox", 4, lambda: script.done(consumer))
    zombie = script.start("zombie", service.pipeline(tally).process(counted("a", 1, 2)))
    await asyncio.gather(consumer, zombie)


async def redriven_while_another_is_added(
    service: TallyService, tally: Tally, script: Script
) -> None:
    """1 is redriven when the consumer has read that the key is parked, but not yet added 2."""
    tally.broken = {("a", 1)}
    await service.pipeline(tally).process(counted("a", 1))
    tally.broken.clear()
    redriving: list[asyncio.Task[Any]] = []

    async def redrive_meanwhile() -> None:
        redriving.append(script.start("people", redrive_first(service, tally)))
        await script.done_or_waiting(redriving[0])

    script.at("consumer", "keys_read", 1, redrive_meanwhile)
    await script.start("consumer", service.pipeline(tally).process(counted("a", 2)))
    await asyncio.gather(*redriving)


async def redriven_by_two_at_once(service: TallyService, tally: Tally, script: Script) -> None:
    """A second redrive starts while the first one, which will stop at 2, is at 1.

    Who stops at 2 is undone and begins anew, to end before it: the first while the second has the
    key, the second while the first has it again. Left alone either may take it at once, since a
    row that an undone transaction had locked is anybody's.
    """
    tally.broken = {("a", 1), ("a", 2)}
    await service.pipeline(tally).process(counted("a", 1, 2))
    tally.broken = {("a", 2)}
    redriving: list[asyncio.Task[Any]] = []

    async def redrive_again() -> None:
        redriving.append(script.start("others", redrive_first(service, tally)))
        await script.done_or_waiting(redriving[0])

    script.at("people", "handling", 1, redrive_again)
    script.at("people", "before_key", 2, lambda: script.has_reached("others", "handling", 1))
    script.at("others", "handling", 2, lambda: script.done_or_waiting(people))
    script.at("others", "before_key", 2, lambda: script.has_reached("people", "handling", 3))
    script.at("people", "handling", 3, lambda: script.done_or_waiting(redriving[0]))
    people = script.start("people", redrive_first(service, tally))
    await people
    await asyncio.gather(*redriving)


async def redrive_first(service: TallyService, tally: Tally) -> None:
    place = (await service.fetch("SELECT * FROM parked_events ORDER BY id"))[0]
    await redrive(service.transactions, tally.groups, place, "people")


SWAPPED = ["a: [2, 1] instead of [1, 2]"]
STRANDED = ["b'a' is stranded", "a: [1] instead of [1, 2]"]
RUN_TWICE = ["a: [1, 1, 2] instead of [1, 2]"]
COUNTEREXAMPLES = [
    (
        weakened.keys_read_before_the_inbox,
        first_parked_before_the_second_holder_looks,
        SWAPPED,
    ),
    (
        weakened.keys_read_in_the_inbox_statement,
        first_parked_while_the_second_holder_waits_for_its_inbox_row,
        SWAPPED,
    ),
    (weakened.keys_read_without_a_lock, redriven_while_another_is_added, STRANDED),
    (
        weakened.key_locked_and_list_read_in_one_statement,
        redriven_while_another_is_added,
        STRANDED,
    ),
    (
        weakened.key_locked_and_list_read_in_one_statement,
        redriven_by_two_at_once,
        RUN_TWICE,
    ),
    (weakened.key_deleted_when_its_list_looks_empty, redriven_while_another_is_added, STRANDED),
]


async def judged(service: TallyService, scenario: Scenario, script: Script) -> list[str]:
    tally = Tally("counterexample", meanwhile=script.handling)
    await scenario(service, tally, script)
    await mend_and_redrive(service, tally)
    return await violations(service, tally, {"a": (1, 2)})


@pytest.mark.parametrize("scenario", dict.fromkeys(one for _, one, _ in COUNTEREXAMPLES))
async def test_the_protocol_holds(
    service: TallyService, monkeypatch: pytest.MonkeyPatch, scenario: Scenario
) -> None:
    script = Script(service)
    watch(monkeypatch, script.reach)

    assert await judged(service, scenario, script) == []
    assert all(script.passed[actor, point] >= time for actor, point, time in script.plans)


@pytest.mark.parametrize(("weaken", "scenario", "violation"), COUNTEREXAMPLES)
async def test_the_weakened_protocol_fails(
    service: TallyService,
    monkeypatch: pytest.MonkeyPatch,
    weaken: Weakening,
    scenario: Scenario,
    violation: list[str],
) -> None:
    script = Script(service)
    weaken(monkeypatch)
    watch(monkeypatch, script.reach)

    assert await judged(service, scenario, script) == violation
