"""Redriving a whole group: one key after the other, seen as it goes, stopped when one says so."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from console.backends import Backends

PAGE = 100
ROUNDS_MAX = 10_000
FAILURES_KEPT_MAX = 20
JOBS_MAX = 20


@dataclass
class Job:
    """``done`` counts keys that are through, ``events`` what ran of them.

    Each key is redriven in a transaction of its own by the service that has it: to stop is to
    leave the rest as it was, and to go on is to start again.
    """

    id: str
    service: str
    reason: str
    operator: str
    dry_run: bool
    began_at: datetime
    total: int = 0
    done: int = 0
    events: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    state: str = "running"
    stopped: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def told(self) -> dict[str, Any]:
        names = ("id", "service", "reason", "operator", "dry_run", "began_at", "total", "done")
        more = ("events", "failed", "failures", "state")
        return {name: getattr(self, name) for name in (*names, *more)}


async def run(job: Job, backends: Backends) -> None:
    """Redrive every key of the service that is parked for the reason, the oldest first."""
    try:
        job.total = await _count(job, backends)
        after = 0
        for _ in range(ROUNDS_MAX):
            letters = await _page(job, backends, after)
            for letter in letters:
                if job.stopped.is_set():
                    job.state = "stopped"
                    return
                await _redrive(job, backends, letter)
                after = letter["id"]
            if len(letters) < PAGE:
                break
        job.state = "done"
    except _Silent as silent:
        job.state = f"ended: {silent}"


class _Silent(Exception):
    """The service does not answer, or no longer as it should."""


async def _count(job: Job, backends: Backends) -> int:
    after, total = 0, 0
    for _ in range(ROUNDS_MAX):
        letters = await _page(job, backends, after)
        total += len(letters)
        if len(letters) < PAGE:
            break
        after = letters[-1]["id"]
    return total


async def _page(job: Job, backends: Backends, after: int) -> list[dict[str, Any]]:
    query = {"after": str(after), "limit": str(PAGE), "reason": job.reason}
    answer = await backends.get(job.service, "/ops/dead-letters", **query)
    if not answer.ok:
        raise _Silent(f"{job.service} does not list its dead letters: {answer.detail}")
    letters: list[dict[str, Any]] = answer.body["dead_letters"]
    return letters


async def _redrive(job: Job, backends: Backends, letter: dict[str, Any]) -> None:
    query = "?dry_run=true" if job.dry_run else ""
    path = f"/ops/dead-letters/{letter['id']}/redrive{query}"
    answer = await backends.post(job.service, path, job.operator)
    if answer.status is None:
        raise _Silent(f"{job.service} does not answer; start again to go on")
    job.done += 1
    if answer.ok:
        job.events += answer.body["done"]
    failure = answer.body.get("failed") if answer.ok else answer.detail
    # Somebody else may have redriven it meanwhile: 404 is no failure.
    if failure and answer.status != 404:
        job.failed += 1
        if len(job.failures) < FAILURES_KEPT_MAX:
            job.failures.append(f"{letter['key']}: {failure}")
