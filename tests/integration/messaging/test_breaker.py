"""A bug that hits everything stops the partition until its records pass, and no sooner."""

import time

import pytest
from shared.errors import PartitionStopped
from shared.messaging import pipeline as module
from shared.messaging.envelope import Record
from shared.messaging.pipeline import Pipeline

from tests.support.tally import Counted, Tally, TallyService, a_record, counted

LIMIT = 2
ORDERS = [f"o{n}" for n in range(5)]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOPPED_PAUSE_S", 0)


@pytest.fixture
def tally() -> Tally:
    return Tally("breaker", broken={(order, 1) for order in ORDERS})


@pytest.fixture
async def stopped(service: TallyService, tally: Tally) -> Pipeline:
    """Stopped by partition 0, longer ago than the window in which parked orders count."""
    pipeline = service.pipeline(tally, LIMIT)
    with pytest.raises(PartitionStopped):
        await pipeline.process(bad())
    await service.fetch("UPDATE parked_events SET parked_at = parked_at - interval '2 minutes'")
    return pipeline


def bad() -> list[Record]:
    return [
        a_record(Counted(order_id=order, number=1), offset) for offset, order in enumerate(ORDERS)
    ]


def elsewhere(offset: int) -> list[Record]:
    return [a_record(Counted(order_id=f"good{offset}", number=1), offset, partition=1)]


async def test_no_more_than_the_limit_are_parked(service: TallyService, stopped: Pipeline) -> None:
    assert stopped.breaker.stopped_by == "handler-failed:Broken"
    assert await service.value("SELECT count(*) FROM parked_events") == LIMIT


async def test_another_partitions_records_do_not_open_the_way(
    service: TallyService, stopped: Pipeline
) -> None:
    await stopped.process(elsewhere(1))

    assert stopped.breaker.stopped_by == "handler-failed:Broken"
    with pytest.raises(PartitionStopped):
        await stopped.process(bad())
    assert await service.value("SELECT count(*) FROM parked_events") == LIMIT


async def test_another_instances_records_do_not_open_the_way(
    service: TallyService, tally: Tally, stopped: Pipeline
) -> None:
    await service.pipeline(tally, LIMIT).process(elsewhere(1))

    with pytest.raises(PartitionStopped):
        await stopped.process(bad())
    assert await service.value("SELECT count(*) FROM parked_events") == LIMIT


async def test_a_restart_parks_no_more_of_them(
    service: TallyService, tally: Tally, stopped: Pipeline
) -> None:
    restarted = service.pipeline(tally, LIMIT)

    with pytest.raises(PartitionStopped):
        await restarted.process(bad())

    assert restarted.breaker.stopped_by is not None
    assert await service.value("SELECT count(*) FROM parked_events") == LIMIT


async def test_mended_it_goes_on_where_it_stopped(
    service: TallyService, tally: Tally, stopped: Pipeline
) -> None:
    tally.mend()

    await stopped.process(bad())

    assert stopped.breaker.stopped_by is None
    assert [await service.effects(order) for order in ORDERS] == [[], [], [1], [1], [1]]
    assert await service.fetch("SELECT * FROM breakers") == []


async def test_a_higher_limit_lets_a_flood_be_parked(
    service: TallyService, tally: Tally, stopped: Pipeline
) -> None:
    await service.pipeline(tally, 10).process(bad())

    assert await service.value("SELECT count(*) FROM parked_events") == len(ORDERS)


async def test_what_cannot_even_be_set_aside_is_not_tried_in_a_hot_loop(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream seeks back and reads the same records again at once."""
    monkeypatch.setattr(module, "FAILED_PAUSE_S", 0.3)
    pipeline, started_at = service.pipeline(Tally("breaker", {("a", 1)})), time.monotonic()

    await service.fetch("ALTER TABLE parked_events RENAME TO away")
    try:
        with pytest.raises(Exception, match="parked_events"):
            await pipeline.process(counted("a", 1))
    finally:
        await service.fetch("ALTER TABLE away RENAME TO parked_events")

    assert time.monotonic() - started_at >= 0.3
