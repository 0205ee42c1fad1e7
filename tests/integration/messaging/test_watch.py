"""A service checks its promises by itself: what breaks is measured, told once, and told again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncpg import Pool, Record
from prometheus_client import REGISTRY
from shared.database.pool import open_pool
from shared.invariants import check as check_module
from shared.invariants import watch as watch_module
from shared.invariants.common import COMMON
from shared.invariants.watch import Watch
from shared.service import Invariant
from structlog.testing import capture_logs

from tests.support.tally import TABLE_NAMES

OUTBOX, LEASES, PARKED = COMMON
INSERT_EVENT = (
    "INSERT INTO outbox (shard, topic, key, headers, payload, created_at) "
    "SELECT 1, 'tally.notes.v1', {key}, '[]', '', now() - {age} FROM generate_series(1, {count})"
)
INSERT_WORK = (
    "INSERT INTO work_rows (order_id, kind, payload, not_before, created_at, lease_until) "
    "VALUES ('ord_1', 'call', '{{}}', now(), now(), now() - {past})"
)
INSERT_KEY = "INSERT INTO parked_keys VALUES ('tally', 'numbers', 'ord_1', now())"
INSERT_PARKED = (
    'INSERT INTO parked_events (consumer, topic, key, partition, "offset", headers, reason, '
    "error_class, error, attempts, parked_at) "
    "VALUES ('tally', 'numbers', 'ord_1', 0, 0, '[]', 'bad-data', '', '', 1, now())"
)


@pytest.fixture
async def pool(tally_dsn: str) -> AsyncIterator["Pool[Record]"]:
    opened = await open_pool(tally_dsn, "watch", 4)
    await opened.execute(f"TRUNCATE {TABLE_NAMES}, outbox, work_rows, parked_keys, parked_events")
    yield opened
    await opened.close()


def an_event(key: str, age: str = "interval '61 s'", count: int = 1) -> str:
    return INSERT_EVENT.format(key=key, age=age, count=count)


def gauge(name: str, invariant: str) -> float | None:
    return REGISTRY.get_sample_value(f"orderproof_{name}", {"invariant": invariant})


@pytest.fixture(autouse=True)
def everything_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a check comes is the subject of one test alone."""
    monkeypatch.setattr(watch_module, "TIME_SHARE_MAX", float("inf"))


async def told(watch: Watch) -> list[dict[str, Any]]:
    with capture_logs() as logs:
        await watch.look()
    return [dict(one) for one in logs]


@pytest.mark.parametrize(
    ("promise", "kept", "broken"),
    [
        (OUTBOX, an_event("'ord_1'", "interval '50 s'"), an_event("'ord_1'")),
        (
            LEASES,
            INSERT_WORK.format(past="interval '50 s'"),
            INSERT_WORK.format(past="interval '61 s'"),
        ),
        (PARKED, f"{INSERT_KEY}; {INSERT_PARKED}", "DELETE FROM parked_keys"),
        (PARKED, f"{INSERT_KEY}; {INSERT_PARKED}", "DELETE FROM parked_events"),
    ],
)
async def test_a_common_promise_sees_what_breaks_it_and_nothing_less(
    pool: "Pool[Record]", promise: Invariant, kept: str, broken: str
) -> None:
    watch = Watch(pool, [promise], interval_s=20)

    await pool.execute(kept)
    assert await told(watch) == []
    assert gauge("invariant_violations", promise.name) == 0
    await pool.execute(broken)

    (line,) = await told(watch)
    assert (line["event"], line["invariant"]) == ("invariant-broken", promise.name)
    assert gauge("invariant_violations", promise.name) == 1


async def test_a_break_is_told_once_with_its_orders_and_its_end_is_told(
    pool: "Pool[Record]",
) -> None:
    watch = Watch(pool, [OUTBOX], interval_s=20)
    await pool.execute(an_event("'ord_1'"))

    (broken,) = await told(watch)
    assert broken["log_level"] == "warning"
    assert broken["ids"][0].endswith(" for tally.notes.v1 ord_1")
    assert await told(watch) == []
    await pool.execute(an_event("'ord_2'"))
    (more,) = await told(watch)
    assert [one.split()[-1] for one in more["ids"]] == ["ord_2"], "only what is new"
    await pool.execute("DELETE FROM outbox")
    assert [one["event"] for one in await told(watch)] == ["invariant-holds-again"]
    assert gauge("invariant_violations", OUTBOX.name) == 0


async def test_at_most_twenty_ids_are_told_and_a_thousand_counted(pool: "Pool[Record]") -> None:
    await pool.execute(an_event("'ord_1'", count=1_500))

    (line,) = await told(Watch(pool, [OUTBOX], interval_s=20))

    assert (len(line["ids"]), line["violations"]) == (20, 1_000)
    assert gauge("invariant_violations", OUTBOX.name) == 1_000


async def test_a_strangers_key_is_not_told(pool: "Pool[Record]") -> None:
    await pool.execute(an_event("convert_to('ada@example.com', 'UTF8')"))

    (line,) = await told(Watch(pool, [OUTBOX], interval_s=20))

    assert line["ids"][0].endswith(" for tally.notes.v1")


@pytest.mark.parametrize(
    "query",
    ["SELECT id FROM no_such_table", "SELECT 'ord_1' FROM pg_sleep(30)", "SELECT 1/0"],
    ids=["fails", "takes-too-long", "cannot-be-computed"],
)
async def test_what_cannot_be_checked_is_not_said_to_hold(pool: "Pool[Record]", query: str) -> None:
    name = f"unsure-{abs(hash(query))}"
    unsure = Invariant(name, "Nobody knows.", query)
    watch = Watch(pool, [unsure, OUTBOX], interval_s=20, timeout_s=0.2)

    (line,) = await told(watch)

    assert (line["event"], list(line["reasons"])) == ("invariants-unchecked", [name])
    assert gauge("invariant_unchecked", name) == 1
    assert gauge("invariant_violations", name) is None, "no number is made up"
    assert gauge("invariant_unchecked", OUTBOX.name) == 0, "the others are checked"
    assert await told(watch) == []
    watch.invariants = [Invariant(name, "Now they do.", "SELECT 1 WHERE false")]
    assert [one["event"] for one in await told(watch)] == ["invariants-checked-again"]


async def test_what_takes_long_is_checked_more_rarely_and_the_rest_as_ever(
    pool: "Pool[Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "TIME_SHARE_MAX", 0.001)
    rows = "SELECT id FROM outbox"
    long_ = Invariant("takes-long", "It holds.", f"{rows} WHERE pg_sleep(0.1) IS NOT NULL")
    watch = Watch(pool, [long_, OUTBOX], interval_s=20)
    await pool.execute(an_event("'ord_1'"))
    assert {one["invariant"] for one in await told(watch)} == {"takes-long", OUTBOX.name}
    monkeypatch.setitem(watch._due_at, OUTBOX.name, 0)

    await pool.execute("DELETE FROM outbox")

    assert [one["invariant"] for one in await told(watch)] == [OUTBOX.name]
    assert gauge("invariant_violations", "takes-long") == 1, "as it was found"


@pytest.mark.parametrize(("took_s", "pause_s"), [(0, 0), (0.02, 20), (0.5, 500), (9, 3600)])
def test_a_check_takes_a_thousandth_of_the_time_and_comes_every_hour(
    took_s: float, pause_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "TIME_SHARE_MAX", 0.001)

    assert watch_module.pause_after(took_s) == pytest.approx(pause_s)


async def test_a_check_changes_nothing(pool: "Pool[Record]") -> None:
    await pool.execute(an_event("'ord_1'"))
    writes = Invariant(
        "writes",
        "It may not.",
        "WITH gone AS (DELETE FROM outbox RETURNING id) SELECT id FROM gone",
    )
    with capture_logs():
        await Watch(pool, [writes], interval_s=20).look()

    assert gauge("invariant_unchecked", "writes") == 1
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_quick_checks_share_a_transaction_which_a_long_or_failed_one_ends(
    pool: "Pool[Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_module, "LONG_S", 0.3)
    began = "SELECT now()::text"
    queries = (began, began, f"{began} FROM pg_sleep(0.4)", began, "SELECT 1/0", began)
    promises = [Invariant(str(n), "It holds.", one) for n, one in enumerate(queries)]

    verdicts = await check_module.check(pool, promises, 5)

    assert [one.name for one in verdicts] == list("012345")
    first, second, long_, then, failed, last = (one.broken for one in verdicts)
    assert first == second == long_
    assert len({first, then, last}) == 3
    assert (failed, verdicts[4].unchecked) == ((), "DivisionByZeroError")
