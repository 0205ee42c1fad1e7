"""What waits is measured for each answer of /metrics, and nothing is made up when it cannot be."""

from collections.abc import AsyncIterator

import pytest
from asyncpg import Pool, Record
from prometheus_client import REGISTRY
from shared.database.pool import open_pool
from shared.messaging.outbox import ASIDE

from shared import backlog
from tests.support.tally import TABLE_NAMES

EVENT = (
    "INSERT INTO outbox (shard, topic, key, headers, payload, created_at) "
    "VALUES (1, 'tally.notes.v1', 'ord_1', '[]', '', now() - interval '{age} s')"
)
WORK = (
    "INSERT INTO work_rows (order_id, kind, payload, not_before, created_at, done) "
    "VALUES ('ord_1', '{kind}', '{{}}', now(), now() - interval '{age} s', {done})"
)
KEY = "INSERT INTO parked_keys VALUES ('tally', 'numbers', '{key}', now())"


@pytest.fixture
async def pool(tally_dsn: str) -> AsyncIterator["Pool[Record]"]:
    opened = await open_pool(tally_dsn, "backlog", 2)
    await opened.execute(f"TRUNCATE {TABLE_NAMES}, outbox, work_rows, parked_keys, parked_events")
    yield opened
    await opened.close()


def gauge(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"orderproof_{name}", labels)


async def test_what_waits_is_measured_with_the_age_of_the_oldest(pool: "Pool[Record]") -> None:
    for statement in (
        *(EVENT.format(age=age) for age in (3, 40)),
        WORK.format(kind="mail", age=7, done="false"),
        WORK.format(kind="charge", age=500, done="true"),
        *(KEY.format(key=key) for key in ("ord_1", "ord_2")),
    ):
        await pool.execute(statement)

    await backlog.measure(pool)

    assert gauge("outbox_rows") == 2
    assert gauge("outbox_oldest_age_seconds") == pytest.approx(40, abs=5)
    assert gauge("work_rows", kind="mail") == 1
    assert gauge("work_oldest_age_seconds", kind="mail") == pytest.approx(7, abs=5)
    assert gauge("work_rows", kind="charge") is None
    assert gauge("parked_keys", consumer="tally") == 2
    assert gauge("backlog_unmeasured") == 0


async def test_what_was_set_aside_is_counted_apart_and_has_no_age(pool: "Pool[Record]") -> None:
    """It waits on purpose: nobody is to be woken for it."""
    for age in (3, 40):
        await pool.execute(EVENT.format(age=age))
    await pool.execute(
        "UPDATE outbox SET shard = shard + $1 WHERE created_at < now() - interval '20 s'", ASIDE
    )

    found = await backlog.read_outbox(pool)

    assert (found["rows"], found["set_aside"]) == (2, 1)
    assert found["age"] == pytest.approx(3, abs=5)


async def test_what_no_longer_waits_has_no_age(pool: "Pool[Record]") -> None:
    await pool.execute(WORK.format(kind="mail", age=7, done="false"))
    await backlog.measure(pool)
    await pool.execute("DELETE FROM work_rows")

    await backlog.measure(pool)

    assert gauge("outbox_oldest_age_seconds") == 0
    assert gauge("work_oldest_age_seconds", kind="mail") is None
    assert gauge("parked_keys", consumer="tally") is None


async def test_what_cannot_be_measured_is_said_and_has_no_number(
    pool: "Pool[Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await pool.execute(EVENT.format(age=3))
    monkeypatch.setattr(backlog, "MEASURE_TIMEOUT_S", 0.2)

    async with pool.acquire(), pool.acquire():
        await backlog.measure(pool)

    assert gauge("backlog_unmeasured") == 1
    rows = gauge("outbox_rows")
    assert rows != rows, "not a number"
