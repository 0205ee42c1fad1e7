"""Idempotency keys (IETF draft-ietf-httpapi-idempotency-key-header): one effect, one answer."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, field
from datetime import datetime
from hashlib import blake2b
from time import monotonic
from typing import Any, Generic, TypeAlias, TypeVar

import asyncpg
from fastapi import Request, Response

from shared import crash
from shared.database import Db
from shared.errors import Forgotten
from shared.group_commit import GroupCommit
from shared.http.problem import Problem
from shared.messaging.unit_of_work import CONNECTION_WAIT_S, Rank, Transactions, Work
from shared.observability import tracing
from shared.turns import TurnNotCome

WAIT_S = 5
GROUP_MAX = 200
GROUP_WAIT_S = 0.1
Item = TypeVar("Item")
KEY_HEADER = "Idempotency-Key"
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")

_CLAIM = """
INSERT INTO idempotency_keys (tenant, operation, key, fingerprint, created_at)
SELECT u.*, $5 FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
    u(tenant, operation, key, fingerprint)
ORDER BY u.tenant, u.operation, u.key
ON CONFLICT DO NOTHING RETURNING tenant, operation, key
"""
_READ = """
SELECT fingerprint, status, body, location FROM idempotency_keys
WHERE tenant = $1 AND operation = $2 AND key = $3
"""
_STORE = """
UPDATE idempotency_keys k SET status = u.status, body = u.body, location = u.location
FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bytea[], $6::text[])
    u(tenant, operation, key, status, body, location)
WHERE (k.tenant, k.operation, k.key) = (u.tenant, u.operation, u.key)
"""
_GIVE_BACK = """
DELETE FROM idempotency_keys k USING unnest($1::text[], $2::text[], $3::text[])
    u(tenant, operation, key)
WHERE (k.tenant, k.operation, k.key) = (u.tenant, u.operation, u.key)
"""


@dataclass(frozen=True)
class Answer:
    """What the first request was told, and every later one with its key."""

    status: int
    body: bytes
    location: str | None = None

    def response(self, *, replayed: bool) -> Response:
        headers = {"Location": self.location} if self.location else {}
        if replayed:
            headers["Idempotency-Replayed"] = "true"
        return Response(self.body, self.status, headers, "application/json")


def key_of(request: Request) -> str:
    """The request's key. Raises ``Problem`` 400 when it is missing or no visible ASCII."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        raise Problem(400, "idempotency-key-missing", "Send an Idempotency-Key header.")
    if len(keys) > 1 or not _VISIBLE_ASCII.fullmatch(keys[0]):
        raise Problem(
            400, "idempotency-key-invalid", "Send one Idempotency-Key of 1–255 visible ASCII."
        )
    return keys[0]


async def needs_key(request: Request) -> None:
    """The dependency of a route whose requests have a key; a plain function would cost a thread."""
    key_of(request)


KEYED: dict[str, Any] = {
    "parameters": [
        {
            "name": KEY_HEADER,
            "in": "header",
            "required": True,
            "description": "Of your choice, a new one for each request that is not a repetition.",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        }
    ]
}
"""``openapi_extra`` of a route that depends on ``needs_key``."""


@dataclass(frozen=True, slots=True)
class _Asked(Generic[Item]):
    """A request: its key's place, what it is, and what it brings."""

    place: tuple[str, str, str]
    fingerprint: bytes
    item: Item


Act: TypeAlias = Callable[[Work, Sequence[Item]], Awaitable[Sequence[Answer | Problem]]]


async def once(
    transactions: Transactions[Work],
    request: Request,
    body: bytes,
    act: Callable[[Work], Awaitable[Answer]],
    tenant: str = "default",
) -> Response:
    """Run ``act`` once for the request's key, in the transaction that stores its answer.

    A second request waits for the first up to ``WAIT_S``, holding no connection when both are
    in this process. What ``act`` raises stores nothing. A key belongs to the operation, not to
    the resource: under another path it is used for another request.
    """

    async def act_alone(work: Work, asked: Sequence[None]) -> list[Answer]:
        return [await act(work) for _ in asked]

    asked = _Asked(_place(request, tenant), _fingerprint(request, body), None)
    async with _turn(transactions, asked.place) as wait_s:
        (told,) = await _settle(transactions, [asked], act_alone, wait_s)
    return _answered(told)


@dataclass
class OnceTogether(Generic[Work, Item]):
    """As ``once``, but requests that come while a transaction is under way share the next one.

    ``act`` gives an answer for each item, or the ``Problem`` that it is, which stores nothing.
    """

    transactions: Transactions[Work]
    act: "Act[Work, Item]"
    _groups: GroupCommit[_Asked[Item], Response | Problem] = field(init=False)

    def __post_init__(self) -> None:
        self._groups = GroupCommit(self._commit, GROUP_MAX)

    async def once(
        self, request: Request, body: bytes, item: Item, tenant: str = "default"
    ) -> Response:
        """The answer to ``item``. Raises ``Problem``, and ``TimeoutError`` when too much waits."""
        asked = _Asked(_place(request, tenant), _fingerprint(request, body), item)
        async with _turn(self.transactions, asked.place):
            return _answered(await self._groups.take(asked, CONNECTION_WAIT_S))

    async def _commit(self, group: Sequence[_Asked[Item]], alone: bool) -> list[Response | Problem]:
        """Who waits for another process that has its key does not hold up the others."""
        return await _settle(self.transactions, group, self.act, WAIT_S if alone else None)


def _place(request: Request, tenant: str) -> tuple[str, str, str]:
    return tenant, f"{request.method} {request.scope['route'].path}", key_of(request)


@asynccontextmanager
async def _turn(transactions: Transactions[Work], place: Hashable) -> AsyncIterator[float]:
    """The key's turn within this process; gives the seconds left to wait for another one."""
    give_up_at = monotonic() + WAIT_S
    try:
        async with transactions.turns.take(place, WAIT_S):
            yield give_up_at - monotonic()
    except TurnNotCome:
        raise _in_progress() from None


def _answered(told: Response | Problem) -> Response:
    if isinstance(told, Problem):
        raise told
    return told


async def _settle(
    transactions: Transactions[Work],
    group: Sequence[_Asked[Item]],
    act: "Act[Work, Item]",
    wait_s: float | None,
) -> list[Response | Problem]:
    """Claim the keys, act for those that are new, and store what they are told.

    ``wait_s`` is how long to wait for another process that has the key; nobody in a group can.
    """
    crash.point("api.before_claim")
    async with transactions.answering(tracing.current_traceparent()) as work:
        work.lock(Rank.UNIQUE_KEYS)
        claimed = await _claim(work.db, group, work.now, wait_s)
        new = [one for one in group if one.place in claimed]
        if new:
            crash.point("api.after_claim")
        told: dict[Any, Response | Problem] = {
            one.place: await _replay(work.db, one) for one in group if one.place not in claimed
        }
        answers = await act(work, [one.item for one in new]) if new else ()
        await _keep(work.db, dict(zip([one.place for one in new], answers, strict=True)))
    if new:
        crash.point("api.after_commit")
    for one, answer in zip(new, answers, strict=True):
        match answer:
            case Answer():
                told[one.place] = answer.response(replayed=False)
            case Problem():
                told[one.place] = answer
    return [told[one.place] for one in group]


async def _claim(
    db: Db, group: Sequence[_Asked[Item]], now: datetime, wait_s: float | None
) -> set[tuple[str, str, str]]:
    """The places that were free.

    When another process does not let go of one in time, raises ``Problem`` 409, and for a group
    ``LockNotAvailableError``.
    """
    wait_ms = int(1000 * (GROUP_WAIT_S if wait_s is None else wait_s))
    await db.execute(f"SET LOCAL lock_timeout = {max(1, wait_ms)}")
    places = map(list, zip(*(one.place for one in group), strict=True))
    try:
        records = await db.fetch(_CLAIM, *places, [one.fingerprint for one in group], now)
    except asyncpg.LockNotAvailableError:
        if wait_s is None:
            raise
        raise _in_progress() from None
    await db.execute("SET LOCAL lock_timeout TO DEFAULT")
    return {tuple(record) for record in records}


async def _keep(db: Db, told: Mapping[tuple[str, str, str], Answer | Problem]) -> None:
    answers = [(*at, *astuple(one)) for at, one in told.items() if isinstance(one, Answer)]
    problems = [at for at, one in told.items() if isinstance(one, Problem)]
    if answers:
        await db.execute(_STORE, *map(list, zip(*answers, strict=True)))
    if problems:
        await db.execute(_GIVE_BACK, *map(list, zip(*problems, strict=True)))


def _fingerprint(request: Request, body: bytes) -> bytes:
    digest = blake2b(request.url.path.encode(), digest_size=16)
    digest.update(b"\n" + body)
    return digest.digest()


def _in_progress() -> Problem:
    return Problem(
        409,
        "idempotency-in-progress",
        "The first request with this key is still at work.",
        headers={"Retry-After": "1"},
    )


async def _replay(db: Db, asked: _Asked[Item]) -> Response | Problem:
    stored = await db.fetchrow(_READ, *asked.place)
    if stored is None:
        raise Forgotten("idempotency-key")
    if stored["fingerprint"] != asked.fingerprint:
        return Problem(422, "idempotency-key-reused", "This key was used with another request.")
    answer = Answer(stored["status"], stored["body"], stored["location"])
    return answer.response(replayed=True)
