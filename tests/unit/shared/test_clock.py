"""Whose time it is, times as text, and ids that sort by time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from shared.clock import Clock, rfc3339
from shared.ids import new_id


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 2, 8, 26, tzinfo=UTC), "2026-11-02T08:26:00.000Z"),
        (datetime(2026, 11, 2, 8, 26, 0, 999_999, tzinfo=UTC), "2026-11-02T08:26:00.999Z"),
        (
            datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))),
            "2025-12-31T23:30:00.000Z",
        ),
        (datetime(2028, 2, 29, tzinfo=UTC), "2028-02-29T00:00:00.000Z"),
    ],
)
def test_a_time_is_utc_with_milliseconds_and_z(moment: datetime, text: str) -> None:
    assert rfc3339(moment) == text


def test_an_id_says_what_it_names_and_later_ids_sort_later() -> None:
    ids = [new_id("ord") for _ in range(100)]

    assert all(one.startswith("ord_") and len(one) == 36 for one in ids)
    assert ids == sorted(set(ids))


class Database:
    """Its clock is a century ahead of this host's."""

    def __init__(self) -> None:
        self.moment = datetime(2126, 11, 2, 9, 26, tzinfo=timezone(timedelta(hours=1)))
        self.asked = 0

    async def fetchval(self, _: str) -> datetime:
        self.asked += 1
        return self.moment


async def test_the_time_is_the_databases_and_not_the_hosts() -> None:
    """Instances on hosts whose clocks differ agree on what is late."""
    database: Any = Database()

    assert await Clock().now(database) == datetime(2126, 11, 2, 8, 26, tzinfo=UTC)
    assert await Clock(timedelta(hours=2)).now(database) == datetime(
        2126, 11, 2, 10, 26, tzinfo=UTC
    )


class Counter:
    """This host's seconds."""

    def __init__(self) -> None:
        self.at_s = 1_000.0

    def __call__(self) -> float:
        return self.at_s


SECOND = timedelta(seconds=1)


async def test_between_two_readings_this_host_counts_on() -> None:
    database, counter = Database(), Counter()
    asked: Any = database
    clock = Clock(counted_s=counter)
    start = await clock.now(asked)
    counter.at_s += 0.25

    assert await clock.now(asked) == start + 0.25 * SECOND
    assert database.asked == 1


async def test_a_reading_is_counted_on_for_a_second_at_most() -> None:
    database, counter = Database(), Counter()
    asked: Any = database
    clock = Clock(counted_s=counter)
    await clock.now(asked)
    counter.at_s += 1
    database.moment += timedelta(minutes=5)

    assert await clock.now(asked) == database.moment
    assert database.asked == 2


async def test_an_answer_that_was_slow_does_not_set_the_time_back() -> None:
    database, counter = Database(), Counter()
    asked: Any = database
    clock = Clock(counted_s=counter)
    start = await clock.now(asked)
    counter.at_s += 2
    database.moment += 1.9 * SECOND

    assert await clock.now(asked) == start + 2 * SECOND


async def test_a_database_whose_clock_was_set_back_is_followed() -> None:
    database, counter = Database(), Counter()
    asked: Any = database
    clock = Clock(counted_s=counter)
    await clock.now(asked)
    counter.at_s += 2
    database.moment -= timedelta(hours=1)

    assert await clock.now(asked) == database.moment


async def test_a_host_that_counts_backwards_is_not_believed() -> None:
    database, counter = Database(), Counter()
    asked: Any = database
    clock = Clock(counted_s=counter)
    await clock.now(asked)
    counter.at_s -= 1
    database.moment += timedelta(minutes=1)

    assert await clock.now(asked) == database.moment
