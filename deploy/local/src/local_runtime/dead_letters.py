"""Parked records over the services' HTTP: all of them in pages, one, run again, dropped."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local_runtime.service_calls import CallError, Calls, Json, RefusedError, UnansweredError

PATH = "/ops/dead-letters"
PAGE_ROWS = 200
NOT_FOUND = 404

Tell = Callable[[str], Any]


@dataclass(frozen=True)
class Listing:
    """The first record of each parked key, and why a service's are missing."""

    letters: Sequence[Json]
    unanswered: dict[str, str]


@dataclass(frozen=True)
class Wanted:
    """Of which keys: None is any, an empty ``event_type`` is that of records that have none."""

    reason: str | None = None
    event_type: str | None = None

    def has(self, letter: Json) -> bool:
        kind = letter["type"] or ""
        return self.reason in (None, letter["reason"]) and self.event_type in (None, kind)


@dataclass(frozen=True)
class Redriven:
    """A key: how many of its events ran, how many are left, why it stopped if it did."""

    service: str
    id: int
    key: str
    done: int
    left: int
    failed: str | None = None


async def list_parked(calls: Calls, wanted: Wanted) -> Listing:
    """Of all services; one that fails does not hide the others'."""
    answers = await asyncio.gather(*(_try_pages(calls, name) for name in calls.addresses))
    found = dict(zip(calls.addresses, answers, strict=True))
    return Listing(
        [
            letter
            for answer in answers
            if isinstance(answer, list)
            for letter in answer
            if wanted.has(letter)
        ],
        {name: str(answer) for name, answer in found.items() if isinstance(answer, CallError)},
    )


async def find(calls: Calls, service: str, parked_id: int) -> Json:
    """One record with its headers, and what waits ``behind`` it if it is its key's first."""
    letter = await calls.get(service, f"{PATH}/{parked_id}")
    listed = await calls.get(service, PATH, after=parked_id - 1, limit=1)
    firsts = [one for one in listed["dead_letters"] if one["id"] == parked_id]
    behind = firsts[0]["behind"] if firsts else None
    return {"service": service, **letter, "first": bool(firsts), "behind": behind}


async def redrive(
    calls: Calls, letters: Sequence[Json], *, dry_run: bool, tell: Tell
) -> list[Redriven]:
    """Each letter's key, one after the other; a service that is silent is not asked again."""
    results: list[Redriven] = []
    silent: dict[str, str] = {}
    for number, letter in enumerate(letters, 1):
        tell(f"Redriving {number} of {len(letters)}, {_failures(results)} failed")
        if letter["service"] in silent:
            results.append(_failed(letter, f"not tried: {silent[letter['service']]}"))
            continue
        try:
            results.append(await _redrive_key(calls, letter, dry_run=dry_run))
        except UnansweredError as error:
            silent[letter["service"]] = str(error)
            results.append(_failed(letter, str(error)))
        except RefusedError as error:
            results.append(_failed(letter, str(error)))
    return results


async def discard(calls: Calls, letter: Json, reason: str) -> Redriven:
    """Drop the record for ever; what waited behind it runs, as far as it can."""
    path = f"{PATH}/{letter['id']}/discard"
    answer = await calls.post(letter["service"], path, {"reason": reason})
    return _result(letter, answer)


async def _try_pages(calls: Calls, service: str) -> list[Json] | CallError:
    try:
        return await _pages(calls, service)
    except CallError as error:
        return error


async def _pages(calls: Calls, service: str) -> list[Json]:
    found: list[Json] = []
    while True:
        after = found[-1]["id"] if found else 0
        page = (await calls.get(service, PATH, after=after, limit=PAGE_ROWS))["dead_letters"]
        found += [{"service": service, **one} for one in page]
        if len(page) < PAGE_ROWS:
            return found


async def _redrive_key(calls: Calls, letter: Json, *, dry_run: bool) -> Redriven:
    path = f"{PATH}/{letter['id']}/redrive"
    try:
        answer = await calls.post(letter["service"], path, dry_run=str(dry_run).lower())
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise
        # Somebody else has run or dropped it since it was listed.
        answer = {"done": 0, "left": 0, "failed": None}
    return _result(letter, answer)


def _result(letter: Json, answer: Json) -> Redriven:
    done, left, failed = answer["done"], answer["left"], answer["failed"]
    return Redriven(letter["service"], letter["id"], letter["key"], done, left, failed)


def _failed(letter: Json, reason: str) -> Redriven:
    """Nothing is known to have run."""
    left = 1 + (letter["behind"] or 0)
    return Redriven(letter["service"], letter["id"], letter["key"], 0, left, reason)


def _failures(results: Sequence[Redriven]) -> int:
    return sum(one.failed is not None for one in results)
