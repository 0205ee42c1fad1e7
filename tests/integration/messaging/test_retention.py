"""What only has to be known for a time goes after it; nothing goes before, and nobody waits."""

from datetime import timedelta
from typing import Any

import pytest
from shared.messaging import receiving
from shared.retention import prune
from shared.service import Retention, Running

from shared import retention
from tests.support.tally import Tally, TallyService, counted

MONTH = timedelta(days=30)
INBOX = Retention("inbox", "received_at", MONTH)
FILL = """
INSERT INTO inbox (consumer, source, id, hash, disposition, received_at)
SELECT 'c', 's', $1 || n, '', 'applied', clock_timestamp() - $2::interval
FROM generate_series(1, $3::integer) n
"""


def running(service: TallyService) -> Running:
    settings: Any = None
    clock = service.transactions.clock
    return Running(settings, service.pool, clock, service.transactions)


async def fill(service: TallyService, name: str, age: timedelta, rows: int = 1) -> None:
    await service.pool.execute(FILL, name, age, rows)


async def ids(service: TallyService) -> list[str]:
    return [row["id"] for row in await service.fetch("SELECT id FROM inbox ORDER BY id")]


async def test_an_event_is_forgotten_after_its_time_and_not_before(service: TallyService) -> None:
    await fill(service, "older", MONTH + timedelta(minutes=1))
    await fill(service, "younger", MONTH - timedelta(minutes=1))

    assert await prune(running(service), INBOX) == 1

    assert await ids(service) == ["younger1"]


async def test_an_event_that_comes_again_within_its_time_is_still_a_repetition(
    service: TallyService,
) -> None:
    tally = Tally("inbox")
    await service.pipeline(tally).process(counted("a", 1))
    await service.fetch("UPDATE inbox SET received_at = received_at - interval '29 days'")

    await prune(running(service), INBOX)
    await service.pipeline(tally).process(counted("a", 1))

    assert await service.effects("a") == [1]


async def test_an_event_that_is_forgotten_while_it_is_looked_up_is_new_and_not_parked(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the statement that finds it known and the one that reads its hash."""
    tally, receive = Tally("inbox"), receiving.receive
    await service.pipeline(tally).process(counted("a", 1))

    async def then_pruned(*values: Any) -> Any:
        monkeypatch.setattr(receiving, "receive", receive)
        found = await receive(*values)
        await service.pool.execute("DELETE FROM inbox")
        return found

    monkeypatch.setattr(receiving, "receive", then_pruned)
    await service.pipeline(tally).process(counted("a", 1, 2))

    assert await service.effects("a") == [1, 1, 2]
    assert await service.parked(tally) == []


@pytest.mark.parametrize("rows", [2_499, 2_000])
async def test_a_backlog_goes_in_passes_until_nothing_is_left(
    service: TallyService, rows: int
) -> None:
    await fill(service, "old", 2 * MONTH, rows)

    assert await prune(running(service), INBOX) == rows

    assert await ids(service) == []


async def test_one_look_ends_after_its_passes_and_the_next_goes_on(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PASSES_MAX", 1)
    await fill(service, "old", 2 * MONTH, 1_500)

    assert await prune(running(service), INBOX) == retention.ROWS_MAX
    assert await prune(running(service), INBOX) == 500


async def test_a_row_that_somebody_holds_is_left_and_not_waited_for(service: TallyService) -> None:
    await fill(service, "old", 2 * MONTH, 2)

    async with service.pool.acquire() as db, db.transaction():
        await db.execute("SELECT FROM inbox WHERE id = 'old1' FOR UPDATE")
        assert await prune(running(service), INBOX) == 1
    assert await ids(service) == ["old1"]

    assert await prune(running(service), INBOX) == 1


async def test_a_call_that_is_not_done_stays_however_old_it_is(service: TallyService) -> None:
    await service.pool.execute(
        "INSERT INTO work_rows (order_id, kind, payload, done, not_before, created_at) "
        "SELECT 'a', 'mail', '{}', done, now(), now() - interval '90 days' "
        "FROM unnest(ARRAY[true, false]) done"
    )

    assert await prune(running(service), Retention("work_rows", "created_at", MONTH, "t.done")) == 1

    assert [row["done"] for row in await service.fetch("SELECT done FROM work_rows")] == [False]
