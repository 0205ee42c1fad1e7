"""Idempotency keys (IETF draft-ietf-httpapi-idempotency-key-header): one effect, one answer."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from time import monotonic
from typing import Any

import asyncpg
from fastapi import Request, Response

from shared import crash
from shared.database import Db
from shared.errors import Forgotten
from shared.http.problem import Problem
from shared.messaging.unit_of_work import Rank, Transactions, Work
from shared.observability import tracing
from shared.turns import TurnNotCome

WAIT_S = 5
KEY_HEADER = "Idempotency-Key"
_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,255}")

_CLAIM = """
INSERT INTO idempotency_keys (tenant, operation, key, fingerprint, created_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true
"""
_READ = """
SELECT fingerprint, status, body, location FROM idempotency_keys
WHERE tenant = $1 AND operation = $2 AND key = $3
"""
_STORE = """
UPDATE idempotency_keys SET status = $4, body = $5, location = $6
WHERE tenant = $1 AND operation = $2 AND key = $3
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
    place = (tenant, _operation(request), key_of(request))
    give_up_at = monotonic() + WAIT_S
    try:
        async with transactions.turns.take(place, WAIT_S):
            claim = _Claim(place, _fingerprint(request, body), give_up_at - monotonic())
            return await _once(transactions, claim, act)
    except TurnNotCome:
        raise _in_progress() from None


@dataclass(frozen=True)
class _Claim:
    """``wait_s`` is how long the database may let us wait for another process."""

    place: tuple[str, str, str]
    fingerprint: bytes
    wait_s: float


async def _once(
    transactions: Transactions[Work], claim: _Claim, act: Callable[[Work], Awaitable[Answer]]
) -> Response:
    crash.point("api.before_claim")
    async with transactions.answering(tracing.current_traceparent()) as work:
        work.lock(Rank.UNIQUE_KEYS)
        if not await _is_first(work.db, claim, work.now):
            return _replay(await work.db.fetchrow(_READ, *claim.place), claim.fingerprint)
        crash.point("api.after_claim")
        answer = await act(work)
        stored = (answer.status, answer.body, answer.location)
        await work.db.execute(_STORE, *claim.place, *stored)
    crash.point("api.after_commit")
    return answer.response(replayed=False)


async def _is_first(db: Db, claim: _Claim, now: datetime) -> bool:
    wait_ms = max(1, int(claim.wait_s * 1000))
    await db.execute(f"SET LOCAL lock_timeout = {wait_ms}")
    try:
        claimed = await db.fetchval(_CLAIM, *claim.place, claim.fingerprint, now)
    except asyncpg.LockNotAvailableError:
        raise _in_progress() from None
    await db.execute("SET LOCAL lock_timeout TO DEFAULT")
    return claimed is not None


def _operation(request: Request) -> str:
    return f"{request.method} {request.scope['route'].path}"


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


def _replay(stored: asyncpg.Record | None, fingerprint: bytes) -> Response:
    if stored is None:
        raise Forgotten("idempotency-key")
    if stored["fingerprint"] != fingerprint:
        raise Problem(422, "idempotency-key-reused", "This key was used with another request.")
    answer = Answer(stored["status"], stored["body"], stored["location"])
    return answer.response(replayed=True)
