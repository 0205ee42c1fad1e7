"""An event takes effect once for each consumer, however often it is delivered."""

import random
from dataclasses import replace

import pytest
from shared.messaging import redrive
from shared.messaging.envelope import Record

from tests.support.tally import Counted, Tally, TallyService, a_record, counted


def other_data(order_id: str, number: int, under: int, offset: int) -> Record:
    """A record with the id of ``under`` that says ``number``."""
    event = Counted(order_id=order_id, number=number)
    return a_record(event, offset, event_id=f"evt-{order_id}-{under}")


async def test_an_id_that_comes_twice_in_one_batch_takes_effect_once(
    service: TallyService,
) -> None:
    tally = Tally("inbox")

    await service.pipeline(tally).process([*counted("a", 1), *counted("a", 1), *counted("a", 2)])

    assert await service.effects("a") == [1, 2]
    assert await service.parked(tally) == []


async def test_a_batch_delivered_again_changes_nothing(service: TallyService) -> None:
    tally = Tally("inbox", broken={("b", 2)})
    batch = [*counted("a", 1, 2, 3), *counted("b", 1, 2, 3), other_data("a", 9, under=1, offset=9)]
    tables = ("heads", "effects", "outbox", "parked_events", "parked_keys", "inbox")
    await service.pipeline(tally).process(batch)
    before = [await service.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]

    for size in (len(batch), 3, 1):
        for start in range(0, len(batch), size):
            await service.pipeline(tally).process(batch[start : start + size])

    after = [await service.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]
    assert after == before
    assert await service.effects("a") == [1, 2, 3]


@pytest.mark.parametrize("batch_size", [1, 2, 3])
async def test_an_id_reused_with_other_data_is_parked_once_and_never_applied(
    service: TallyService, batch_size: int
) -> None:
    tally = Tally("inbox")
    log = [*counted("a", 1), other_data("a", 7, 1, 2), other_data("a", 7, 1, 3)]

    for start in range(0, len(log), batch_size):
        await service.pipeline(tally).process(log[start : start + batch_size])

    assert await service.effects("a") == [1]
    assert await service.parked(tally) == [
        ("id-reused", "evt-a-1 came before with other data", log[1].value)
    ]


async def test_the_first_event_under_an_id_stays_a_duplicate_after_another_reused_it(
    service: TallyService,
) -> None:
    tally = Tally("inbox")
    original, reused = counted("a", 1)[0], other_data("a", 7, under=1, offset=2)
    await service.pipeline(tally).process([original])

    await service.pipeline(tally).process([reused, replace(original, offset=3)])

    assert [value for _, _, value in await service.parked(tally)] == [reused.value]
    await redrive_all(service, tally)
    assert (await service.effects("a")).count(1) == 1


async def redrive_all(service: TallyService, tally: Tally) -> None:
    for place in await service.fetch("SELECT * FROM parked_events ORDER BY id"):
        await redrive.redrive(service.transactions, tally.groups, place, "test")


async def test_equal_ids_of_two_sources_are_two_events(service: TallyService) -> None:
    tally = Tally("inbox")
    mine = counted("a", 1)[0]
    headers = [(n, b"/elsewhere" if n == "ce_source" else raw) for n, raw in mine.headers]
    theirs = replace(a_record(Counted(order_id="a", number=2), 2, "evt-a-1"), headers=headers)

    await service.pipeline(tally).process([mine, theirs])
    await service.pipeline(tally).process([theirs, mine])

    assert await service.effects("a") == [1, 2]
    assert await service.parked(tally) == []


@pytest.mark.parametrize("seed", range(6))
async def test_halving_finds_exactly_the_bad_records_of_a_batch(
    service: TallyService, seed: int
) -> None:
    rng = random.Random(seed)
    orders = [f"o{n:02}" for n in range(16)]
    log = [record for number in (1, 2, 3, 4) for o in orders for record in counted(o, number)]
    rng.shuffle(orders)
    bad = {(order, rng.randint(1, 4)) for order in orders[:3]}
    tally = Tally("halving", broken=bad)

    await service.pipeline(tally).process(log)

    first_bad = dict(bad)
    for order in orders:
        assert await service.effects(order) == list(range(1, first_bad.get(order, 5)))
    parked = await service.parked(tally)
    failed = [Counted.from_json(value) for reason, _, value in parked if reason == "handler-failed"]
    waiting = [Counted.from_json(v) for why, _, v in parked if why == "waits-behind-another"]
    assert {(one.order_id, one.number) for one in failed} == bad
    assert len(failed) == 3
    assert sorted((one.order_id, one.number) for one in waiting) == sorted(
        (order, n) for order, first in bad for n in range(first + 1, 5)
    )
