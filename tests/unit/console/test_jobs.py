"""Redriving all of a group: each key once, in order, stopped and gone on with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from console import jobs
from console.backends import Answer, Backends
from console.jobs import FAILURES_KEPT_MAX, PAGE, Job


@dataclass
class Parked:
    """A service with parked keys; a redrive takes one off unless it is among ``failing``."""

    ids: list[int]
    failing: set[int] = field(default_factory=set)
    redriven: list[int] = field(default_factory=list)
    stop_at: int | None = None
    silent_at: int | None = None
    job: Job | None = None

    async def get(self, service: str, path: str, **query: str) -> Answer:
        after = int(query["after"])
        found = [one for one in self.ids if one > after][: int(query["limit"])]
        return Answer(200, {"dead_letters": [{"id": one, "key": f"ord_{one}"} for one in found]})

    async def post(self, service: str, path: str, operator: str) -> Answer:
        parked_id = int(path.split("/")[3])
        if parked_id == self.silent_at:
            return Answer(None, "TimeoutError")
        if parked_id == self.stop_at:
            assert self.job is not None
            self.job.stopped.set()
        self.redriven.append(parked_id)
        if parked_id in self.failing:
            return Answer(200, {"done": 0, "left": 1, "failed": "KeyError"})
        if "dry_run" not in path:
            self.ids.remove(parked_id)
        return Answer(200, {"done": 2, "left": 0, "failed": None})


def a_job(**more: Any) -> Job:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    return Job("j", "payments", "handler-failed", "operator-1", more.pop("dry_run", False), at)


async def ran(parked: Parked, **more: Any) -> Job:
    job = parked.job = a_job(**more)
    await jobs.run(job, cast(Backends, parked))
    return job


async def test_every_key_is_redriven_once_and_in_order() -> None:
    parked = Parked(list(range(1, 3 * PAGE + 8)))
    job = await ran(parked)

    assert parked.redriven == list(range(1, 3 * PAGE + 8))
    assert (job.total, job.done, job.events, job.failed) == (307, 307, 614, 0)
    assert (job.state, parked.ids) == ("done", [])


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
    assert (job.state, parked.redriven) == ("stopped", [1, 2])

    parked.stop_at = None
    assert (await ran(parked)).state == "done"
    assert parked.redriven == [1, 2, 3, 4]


async def test_a_service_that_falls_silent_ends_it() -> None:
    job = await ran(Parked([1, 2, 3], silent_at=2))

    assert job.state == "ended: payments does not answer; start again to go on"
    assert job.done == 1
