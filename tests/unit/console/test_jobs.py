"""Redriving all of a group: each key once, in order, stopped and gone on with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from console import jobs
from console.backends import Answer, Backends
from console.jobs import FAILURES_KEPT_MAX, PAGE, Job


@dataclass
class Parked:
    """A service with parked keys; a redrive takes one off unless it is among ``failing``, or has
    ``more`` events, of which each run takes 500.
    """

    ids: list[int]
    failing: set[int] = field(default_factory=set)
    more: dict[str, int] = field(default_factory=dict)
    types: dict[int, str] = field(default_factory=dict)
    redriven: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    stop_at: int | None = None
    silent_at: int | None = None
    nameless: bool = False
    job: Job | None = None

    async def get(self, service: str, path: str, **query: str) -> Answer:
        self.asked.append(query)
        if self.nameless and "key" in query:
            return Answer(422, {"detail": "no such name"})
        after, limit = int(query["after"]), int(query.get("limit", "50"))
        found = [self.letter(one) for one in self.ids if one > after]
        wanted = {name: query[name] for name in ("key", "type") if name in query}
        found = [one for one in found if wanted.items() <= one.items()]
        return Answer(200, {"dead_letters": found[:limit]})

    def letter(self, one: int) -> dict[str, Any]:
        place = {"consumer": "payments", "topic": "orders.events.v1", "key": f"ord_{one % 10_000}"}
        return {"id": one, **place, "type": self.types.get(one, "placed")}

    async def post(self, service: str, path: str, operator: str) -> Answer:
        parked_id = int(path.split("/")[3])
        if parked_id == self.silent_at:
            return Answer(None, "TimeoutError")
        if parked_id == self.stop_at:
            assert self.job is not None
            self.job.stop("operator-2")
        self.redriven.append(parked_id)
        if parked_id in self.failing:
            return Answer(200, {"done": 0, "left": 1, "failed": "KeyError"})
        key = f"ord_{parked_id % 10_000}"
        left = self.more.get(key, 0)
        if "dry_run" not in path:
            self.ids.remove(parked_id)
            if left:
                self.ids.append(parked_id + 10_000)
                self.more[key] = max(0, left - 500)
        return Answer(200, {"done": 2, "left": left, "failed": None})


def a_job(**more: Any) -> Job:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    of = ("payments", "handler-failed", "operator-1", more.pop("dry_run", False), at)
    return Job("j", *of, **more)


async def ran(parked: Parked, **more: Any) -> Job:
    job = parked.job = a_job(**more)
    await jobs.run(job, cast(Backends, parked))
    return job


async def test_every_key_is_redriven_once_and_in_order() -> None:
    parked = Parked(list(range(1, 308)))
    job = await ran(parked)

    assert parked.redriven == list(range(1, 308))
    assert (job.total, job.done, job.events, job.failed) == (307, 307, 614, 0)
    assert (job.state, parked.ids) == ("done", [])


async def test_keys_are_listed_once_before_any_is_run() -> None:
    parked = Parked(list(range(1, 2 * PAGE + 8)))
    await ran(parked)

    assert [one["after"] for one in parked.asked] == ["0", str(PAGE), str(2 * PAGE)]


@pytest.mark.parametrize(
    ("event_type", "redriven"), [(None, [1, 2, 3]), ("placed", [1, 3]), ("", [2])]
)
async def test_only_what_is_of_the_event_is_run(
    event_type: str | None, redriven: list[int]
) -> None:
    parked = Parked([1, 2, 3], types={2: ""})
    job = await ran(parked, event_type=event_type)

    assert (parked.redriven, job.total) == (redriven, len(redriven))
    assert ("type" in parked.asked[0]) == (event_type is not None)


async def test_a_key_with_more_events_than_one_run_takes_is_run_until_it_is_through() -> None:
    parked = Parked([1, 2, 3], more={"ord_2": 700})
    job = await ran(parked)

    assert parked.redriven == [1, 2, 10_002, 20_002, 3]
    assert (job.done, job.events, job.unfinished, job.state) == (3, 10, 0, "done")
    assert parked.ids == []


async def test_a_key_that_is_not_through_is_told() -> None:
    dry = await ran(Parked([1, 2], more={"ord_2": 700}), dry_run=True)
    stopped = await ran(Parked([1, 2, 3], more={"ord_2": 700}, stop_at=2))
    lost = await ran(Parked([1, 2, 3], more={"ord_2": 700}, nameless=True))

    assert (dry.done, dry.unfinished, dry.state) == (2, 1, "done")
    assert (stopped.done, stopped.unfinished, stopped.state) == (2, 1, "stopped by operator-2")
    assert (lost.done, lost.unfinished, lost.failed) == (3, 1, 0)


async def test_what_fails_stays_and_is_told_and_the_rest_goes_on() -> None:
    parked = Parked(list(range(1, 60)), failing=set(range(2, 50)))
    job = await ran(parked)

    assert parked.ids == list(range(2, 50))
    assert (job.done, job.failed, job.state) == (59, 48, "done")
    assert job.failures[0] == "ord_2: KeyError"
    assert len(job.failures) == FAILURES_KEPT_MAX


async def test_a_dry_run_goes_through_all_and_takes_none_off() -> None:
    parked = Parked([1, 2, 3])
    job = await ran(parked, dry_run=True)

    assert parked.ids == [1, 2, 3]
    assert (job.done, job.events) == (3, 6)


async def test_it_stops_behind_the_key_that_is_under_way_and_goes_on_when_begun_again() -> None:
    parked = Parked([1, 2, 3, 4], stop_at=2)
    job = await ran(parked)
    assert (job.state, parked.redriven) == ("stopped by operator-2", [1, 2])

    parked.stop_at = None
    assert (await ran(parked)).state == "done"
    assert parked.redriven == [1, 2, 3, 4]


async def test_a_service_that_falls_silent_ends_it() -> None:
    job = await ran(Parked([1, 2, 3], silent_at=2))

    assert job.state == "ended: payments does not answer; start again to go on"
    assert job.done == 1
