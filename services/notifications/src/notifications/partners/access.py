"""Who a partner is, by its key: 256 random bits behind ``Authorization: Bearer``."""

import hashlib
import secrets
from dataclasses import dataclass

from fastapi import Request, Security
from fastapi.security import HTTPBearer
from shared.http.problem import Problem, not_found
from shared.service import Running

from notifications.partners.domain.partner import Key, KeyScope, Partner
from notifications.partners.store import partners

# For the documents: what a key is looked up by is the header itself.
PARTNER_KEY = Security(
    HTTPBearer(auto_error=False, scheme_name="partnerKey", description="A partner's key, `opk_…`")
)
KEY_PREFIX = "opk_"
KEY_BYTES = 32
KEY_LENGTH_MAX = 200
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="orderproof partners"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner, and the key that it came with."""

    partner: Partner
    key: Key


def new_key() -> tuple[str, bytes]:
    """A key as its holder is told it, once, and the hash that is kept."""
    text = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    return text, hash_of(text)


def hash_of(key: str) -> bytes:
    """SHA-256: nobody guesses 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(key.encode()).digest()


async def caller_of(running: Running, request: Request, scope: KeyScope) -> Caller:
    """Who asks. Raises ``Problem`` 401, the same whatever is wrong with the key, or 403."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    found = None
    if scheme.lower() == "bearer" and given.startswith(KEY_PREFIX) and given.isascii():
        async with running.pool.acquire() as db:
            now = await running.clock.now(db)
            found = await partners.holder_of(db, hash_of(given[:KEY_LENGTH_MAX]))
    if found is None or not found[1].is_valid(now):
        raise Problem(
            401, "invalid-token", "Send a valid partner key as a Bearer token.", headers=CHALLENGE
        )
    partner, key = found
    if scope not in key.scopes:
        raise Problem(403, "forbidden", f"The key lacks the scope {scope}.")
    return Caller(partner, key)


async def partner_named(running: Running, id_or_name: str) -> Partner:
    """Whom an operator means. Raises ``Problem`` 404."""
    async with running.pool.acquire() as db:
        found = await partners.find(db, id_or_name)
    if found is None:
        raise not_found("There is no such partner.")
    return found
