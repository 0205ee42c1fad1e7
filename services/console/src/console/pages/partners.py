"""Partners: their keys, where they want events sent, and what came of each delivery.

Only members that are named here are told: what a service adds may be a secret.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field
from shared.contracts.storefront import Storable
from shared.http.paging import CURSOR_LENGTH_MAX
from shared.http.problem import Problem, not_found
from shared.service import Running

from console import store
from console.backends import Answer, Backends
from console.board import Board
from console.domain.partners import (
    counted_endpoints,
    counted_keys,
    endpoint_standing,
    is_valid,
    key_standing,
)
from console.pages.dead_letters import silent

SERVICE = "notifications"
PAGE = 50
ENDPOINTS_PAGE, ENDPOINT_PAGES_MAX = 200, 5
ACTIONS_MAX = 50
STATES = ("pending", "waiting", "delivered", "failed")

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"
ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

_PARTNER = ("partner_id", "name", "seller_id", "event_types", "created_at")
_KEY = ("key_id", "scopes", "created_at", "expires_at", "revoked_at")
_ENDPOINT = (
    *("endpoint_id", "url", "description", "event_types", "rate_per_s", "concurrency_max"),
    *("enabled", "disabled_reason", "disabled_at", "failing_since", "created_at"),
    "previous_secret_until",
)
_DELIVERY = (
    *("delivery_id", "event_id", "order_id", "type", "state", "attempts", "next_attempt_at"),
    *("created_at", "ended_at"),
)
_ATTEMPT = ("sent_at", "duration_ms", "status", "error", "response_head", "response_body")


class Asked(BaseModel):
    """Which deliveries: in a state, of an order, further back than ``cursor``."""

    state: Literal["", "pending", "waiting", "delivered", "failed"] = ""
    order_id: Annotated[str, Storable, Field(max_length=128)] = ""
    cursor: Annotated[str, Field(max_length=CURSOR_LENGTH_MAX)] = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A partner's endpoint; names that were checked are one part of a path each."""

    partner: str
    endpoint_id: str

    @property
    def path(self) -> str:
        return f"{path_of(self.partner)}/webhook-endpoints/{quote(self.endpoint_id, safe='')}"


def path_of(partner: str) -> str:
    """Where notifications tells of a partner."""
    return f"/ops/partners/{quote(partner, safe='')}"


async def document(
    running: Running, backends: Backends, board: Board, cursor: str
) -> dict[str, Any]:
    """A page of partners by name, each with how its keys and endpoints stand."""
    query = {"limit": str(PAGE), **_named(cursor=cursor)}
    answer = await backends.get(SERVICE, "/ops/partners", **query)
    _refuse_what_it_refuses(answer)
    listed = answer.body["partners"] if answer.ok else []
    found = await asyncio.gather(*(_endpoints_of(backends, one["name"]) for one in listed))
    now = await _now(running)
    return {
        **board.frame,
        "is_silent": not answer.ok,
        "partners": [
            {
                **_only(_PARTNER, one),
                "keys": counted_keys([key_standing(key, now) for key in one["keys"]]),
                "endpoints": endpoints and counted_endpoints(endpoints["endpoints"]),
                "more_endpoints": bool(endpoints and endpoints["more"]),
            }
            for one, endpoints in zip(listed, found, strict=True)
        ],
        "next_cursor": answer.body["next_cursor"] if answer.ok else None,
    }


async def one_document(
    running: Running, backends: Backends, board: Board, name: str
) -> dict[str, Any]:
    """One partner: keys, endpoints, and what people did about them."""
    answer, endpoints = await asyncio.gather(
        backends.get(SERVICE, path_of(name)), _endpoints_of(backends, name)
    )
    partner = _told(answer, f"partner {name}")
    now = await _now(running)
    async with running.pool.acquire() as db:
        actions = await store.actions_upon(db, SERVICE, f"{name}/", ACTIONS_MAX)
    return {
        **board.frame,
        "partner": _only(_PARTNER, partner),
        "keys": [_key(one, now) for one in partner["keys"]],
        "endpoints": endpoints and endpoints["endpoints"],
        "more_endpoints": bool(endpoints and endpoints["more"]),
        "actions": [dict(one) for one in actions],
    }


async def log_document(
    backends: Backends, board: Board, place: Place, asked: Asked
) -> dict[str, Any]:
    """One endpoint and its deliveries, the newest first."""
    query = {"limit": str(PAGE), **_named(**asked.model_dump())}
    endpoint, listed = await asyncio.gather(
        backends.get(SERVICE, place.path),
        backends.get(SERVICE, f"{place.path}/deliveries", **query),
    )
    told = _told(endpoint, f"endpoint {place.endpoint_id} of {place.partner}")
    page = _told(listed, "such deliveries")
    return {
        **board.frame,
        "name": place.partner,
        "endpoint": _endpoint(told),
        "wanted": asked.model_dump(),
        "states": STATES,
        "deliveries": [_only(_DELIVERY, one) for one in page["deliveries"]],
        "next_cursor": page["next_cursor"],
    }


async def delivery_document(
    backends: Backends, board: Board, place: Place, delivery_id: int
) -> dict[str, Any]:
    """One delivery: what was sent, and each attempt with what came back."""
    answer = await backends.get(SERVICE, f"{place.path}/deliveries/{delivery_id}")
    delivery = _told(answer, f"delivery {delivery_id} to {place.endpoint_id}")
    return {
        **board.frame,
        "name": place.partner,
        "endpoint_id": place.endpoint_id,
        "delivery": _only((*_DELIVERY, "body"), delivery),
        "attempts": [_only(_ATTEMPT, one) for one in delivery["attempt_log"]],
    }


async def _endpoints_of(backends: Backends, name: str) -> dict[str, Any] | None:
    """The first thousand, and whether there are ``more``; None when they are not told."""
    found: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(ENDPOINT_PAGES_MAX):
        query = {"limit": str(ENDPOINTS_PAGE), **_named(cursor=cursor)}
        answer = await backends.get(SERVICE, f"{path_of(name)}/webhook-endpoints", **query)
        if not answer.ok:
            return None
        found += map(_endpoint, answer.body["endpoints"])
        cursor = answer.body["next_cursor"] or ""
        if not cursor:
            break
    return {"endpoints": found, "more": bool(cursor)}


def _endpoint(told: Mapping[str, Any]) -> dict[str, Any]:
    known = _only(_ENDPOINT, told)
    return {**known, "standing": endpoint_standing(known)}


def _key(told: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    known = _only(_KEY, told)
    standing = key_standing(known, now)
    return {**known, "standing": standing, "is_valid": is_valid(standing)}


def _told(answer: Answer, what: str) -> Any:
    """What was asked for. Raises ``Problem`` 404, the service's refusal, or 502."""
    if answer.status == 404:
        raise not_found(f"{SERVICE} has no {what}.")
    _refuse_what_it_refuses(answer)
    if not answer.ok:
        raise silent(SERVICE, answer)
    return answer.body


def _refuse_what_it_refuses(answer: Answer) -> None:
    if answer.status in (400, 422):
        raise Problem(answer.status, "refused", f"{SERVICE} refused: {answer.detail}")


async def _now(running: Running) -> datetime:
    async with running.pool.acquire() as db:
        return await running.clock.now(db)


def _only(names: Iterable[str], told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: told.get(name) for name in names}


def _named(**given: str) -> dict[str, str]:
    return {name: value for name, value in given.items() if value}
