"""Redriving a whole group: one key after the other, seen as it goes, stopped when one says so."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from console.backends import Answer, Backends

PAGE = 200
KEYS_MAX = 100_000
RUNS_OF_A_KEY_MAX = 1_000
FAILURES_KEPT_MAX = 20
JOBS_MAX = 20


@dataclass
class Job:
    """``total`` keys were listed when it began, ``done`` of them were run, ``events`` what ran.

    ``event_type`` None is every event's. Each key is redriven by the service that has it, in
    transactions of at most 500 events: to stop is to leave the rest as it was, and to go on is to
    start again. ``unfinished`` keys have more than was run and did not fail.
    """

    id: str
    service: str
    reason: str
    operator: str
    dry_run: bool
    began_at: datetime
    event_type: str | None = None
    total: int = 0
    done: int = 0
    events: int = 0
    failed: int = 0
    unfinished: int = 0
    failures: list[str] = field(default_factory=list)
    state: str = "running"
    stopped: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    stopped_by: str = ""

    def stop(self, operator: str) -> None:
        """Behind the key that is under way."""
        self.stopped_by = operator
        self.stopped.set()

    def told(self) -> dict[str, Any]:
        names = ("id", "service", "reason", "event_type", "operator", "dry_run", "began_at")
        more = ("total", "done", "events", "failed", "unfinished", "failures", "state")
        return {name: getattr(self, name) for name in (*names, *more)}


async def run(job: Job, backends: Backends) -> None:
    """Redrive every key of the service that is parked for the reason, the oldest first."""
    try:
        letters = await _listed(job, backends)
        job.total = len(letters)
        for letter in letters:
            if job.stopped.is_set():
                job.state = f"stopped by {job.stopped_by}"
                return
            await _redrive_key(job, backends, letter)
        job.state = "done" if job.total < KEYS_MAX else "done; there may be more, start again"
    except _Silent as silent:
        job.state = f"ended: {silent}"


class _Silent(Exception):
    """The service does not answer, or no longer as it should."""


class _Letter(NamedTuple):
    """The first record of a parked key, and the key: its consumer, topic and own name."""

    id: int
    key: tuple[str, str, str]


async def _listed(job: Job, backends: Backends) -> list[_Letter]:
    """Read once and before anything is run: a key that fails comes to have another reason."""
    query = {"reason": job.reason}
    if job.event_type is not None:
        query["type"] = job.event_type
    found: list[_Letter] = []
    while len(found) < KEYS_MAX:
        after = found[-1].id if found else 0
        page = await _page(job, backends, after, query)
        found += page
        if len(page) < PAGE:
            break
    return found


async def _page(
    job: Job, backends: Backends, after: int, query: Mapping[str, str]
) -> list[_Letter]:
    limits = {"after": str(after), "limit": str(PAGE)}
    answer = await backends.get(job.service, "/ops/dead-letters", **limits, **query)
    if not answer.ok:
        raise _Silent(f"{job.service} does not list its dead letters: {answer.detail}")
    return _letters(answer)


def _letters(answer: Answer) -> list[_Letter]:
    return [
        _Letter(one["id"], (one["consumer"], one["topic"], one["key"]))
        for one in answer.body["dead_letters"]
    ]


async def _redrive_key(job: Job, backends: Backends, letter: _Letter) -> None:
    """Run after run, until the key is through, fails, or somebody stops it."""
    run: _Letter | None = letter
    left = False
    for _ in range(RUNS_OF_A_KEY_MAX):
        if run is None:
            break
        left = await _redrive(job, backends, run)
        if not left or job.dry_run or job.stopped.is_set():
            break
        run = await _first_of(job, backends, letter)
    job.done += 1
    job.unfinished += left


async def _redrive(job: Job, backends: Backends, letter: _Letter) -> bool:
    """One transaction; whether events are left that it did not come to."""
    query = "?dry_run=true" if job.dry_run else ""
    path = f"/ops/dead-letters/{letter.id}/redrive{query}"
    answer = await backends.post(job.service, path, job.operator)
    if answer.status is None:
        raise _Silent(f"{job.service} does not answer; start again to go on")
    if answer.ok:
        job.events += answer.body["done"]
    failure = answer.body.get("failed") if answer.ok else answer.detail
    # Somebody else may have redriven it meanwhile: 404 is no failure.
    if failure and answer.status != 404:
        job.failed += 1
        if len(job.failures) < FAILURES_KEPT_MAX:
            job.failures.append(f"{letter.key[-1]}: {failure}")
    return bool(answer.ok and not failure and answer.body["left"])


async def _first_of(job: Job, backends: Backends, letter: _Letter) -> _Letter | None:
    """What is now the first of the same key; None when it cannot be found by its name."""
    query = {"after": str(letter.id), "key": letter.key[-1]}
    answer = await backends.get(job.service, "/ops/dead-letters", **query)
    found = _letters(answer) if answer.ok else ()
    return next((one for one in found if one.key == letter.key), None)
