"""Idempotency keys (IETF draft-ietf-httpapi-idempotency-key-header): one effect, one answer."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import blake2b

import asyncpg
from fastapi import Request, Response

from shared import crash
from shared.database import Db
from shared.http.problem import Problem
from shared.messaging.unit_of_work import Rank, Transactions, Work
from shared.observability import tracing

WAIT_S = 5
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


async def once(
    transactions: Transactions[Work],
    request: Request,
    body: bytes,
    act: Callable[[Work], Awaitable[Answer]],
    tenant: str = "default",
) -> Response:
    """Run ``act`` once for the request's key, in the transaction that stores its answer.

    A second request waits for the first up to ``WAIT_S``. What ``act`` raises stores nothing.
    """
    operation = f"{request.method} {request.url.path}"
    place = (tenant, operation, key_of(request))
    fingerprint = blake2b(body, digest_size=16).digest()
    async with transactions.begin(tracing.current_traceparent()) as work:
        work.lock(Rank.UNIQUE_KEYS)
        if not await _claim(work.db, place, fingerprint, work):
            return _replay(await work.db.fetchrow(_READ, *place), fingerprint)
        answer = await act(work)
        await work.db.execute(_STORE, *place, answer.status, answer.body, answer.location)
    crash.point("api.after_commit")
    return answer.response(replayed=False)


async def _claim(db: Db, place: tuple[str, str, str], fingerprint: bytes, work: Work) -> bool:
    await db.execute(f"SET LOCAL lock_timeout = '{WAIT_S}s'")
    try:
        claimed = await db.fetchval(_CLAIM, *place, fingerprint, work.now)
    except asyncpg.LockNotAvailableError:
        raise Problem(
            409,
            "idempotency-in-progress",
            "The first request with this key is still at work.",
            headers={"Retry-After": "1"},
        ) from None
    await db.execute("SET LOCAL lock_timeout TO DEFAULT")
    return claimed is not None


def _replay(stored: asyncpg.Record | None, fingerprint: bytes) -> Response:
    assert stored is not None
    if stored["fingerprint"] != fingerprint:
        raise Problem(422, "idempotency-key-reused", "This key was used with another body.")
    answer = Answer(stored["status"], stored["body"], stored["location"])
    return answer.response(replayed=True)
