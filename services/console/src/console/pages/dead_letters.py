"""Dead letters: what every service has parked, by reason, and one of them with its headers."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from shared.contracts.catalogue import EVENTS
from shared.http.problem import Problem, not_found
from shared.service import Running

from console import store
from console.backends import Answer, Backends
from console.board import Board
from console.domain.contract import Difference, differences

LISTED_MAX = 200
ACTIONS_MAX = 50


async def document(
    running: Running, backends: Backends, board: Board, wanted: Mapping[str, str]
) -> dict[str, Any]:
    """The first record of each parked key, by service, reason and event; 200 of each service at
    most. ``wanted`` names what it is to be of.
    """
    services = [one for one in backends.settings.services if wanted.get("service") in (None, one)]
    filters = {name: wanted[name] for name in ("reason", "type") if name in wanted}
    query = {"limit": str(LISTED_MAX), **filters}
    answers = await asyncio.gather(
        *(backends.get(one, "/ops/dead-letters", **query) for one in services)
    )
    letters = [
        {"service": service, **one}
        for service, answer in zip(services, answers, strict=True)
        for one in (answer.body["dead_letters"] if answer.ok else ())
    ]
    async with running.pool.acquire() as db:
        actions = await store.actions(db, None, ACTIONS_MAX)
    return {
        **board.frame,
        "wanted": {name: wanted.get(name) for name in ("service", "reason", "type")},
        "silent": [one for one, answer in zip(services, answers, strict=True) if not answer.ok],
        "groups": _groups(letters),
        "letters": letters,
        "listed_max": LISTED_MAX,
        "jobs": [one.told() for one in board.jobs.values()],
        "actions": [dict(one) for one in actions],
    }


async def one_document(
    running: Running, backends: Backends, board: Board, service: str, parked_id: int
) -> dict[str, Any]:
    """One parked record: where it was, its headers, and what its contract wants otherwise."""
    answer = await backends.get(service, f"/ops/dead-letters/{parked_id}")
    if answer.status == 404:
        raise not_found(f"{service} has no dead letter {parked_id}; it may have been redriven.")
    if not answer.ok:
        raise silent(service, answer)
    letter = answer.body
    async with running.pool.acquire() as db:
        kept = await store.record_at(db, letter["topic"], letter["partition"], letter["offset"])
    return {
        **board.frame,
        "service": service,
        "letter": letter,
        "data": kept and kept["data"],
        "problem": kept and kept["problem"],
        "differences": _differences(letter["type"], kept),
    }


def silent(service: str, answer: Answer) -> Problem:
    """502: whether the service did it is not known when it did not answer."""
    return Problem(502, "service-silent", f"{service}: {answer.detail or 'no answer'}")


def _differences(event_type: str | None, kept: Any) -> list[Difference]:
    event = EVENTS.get(event_type or "")
    if event is None or kept is None or kept["problem"] is not None:
        return []
    return differences(event.model_json_schema(), kept["data"])


def _groups(letters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """How many keys are parked for which reason, the most first."""
    counts: dict[tuple[str, str, str], int] = {}
    for one in letters:
        place = (one["service"], one["reason"], one["type"] or "")
        counts[place] = counts.get(place, 0) + 1
    return [
        {"service": service, "reason": reason, "type": kind, "orders": keys}
        for (service, reason, kind), keys in sorted(counts.items(), key=lambda one: -one[1])
    ]
