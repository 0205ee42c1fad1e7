"""Provider events: each is kept once, with what became of it."""

from dataclasses import dataclass
from datetime import datetime

from shared.database import Db
from shared.errors import Forgotten

from payments.domain.attempts import AttemptKey
from payments.domain.heard import KnownAttempt, Outcome

_CLAIM = """
INSERT INTO provider_events (provider, event_id, hash, type, provider_key, charge_id, order_id,
    outcome, received_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING RETURNING true
"""
_READ = "SELECT hash, outcome FROM provider_events WHERE provider = $1 AND event_id = $2"
_ATTEMPT = """
SELECT order_id, operation, number, state, provider_reference FROM payment_attempts
WHERE provider_key = $1
"""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """``hash`` is of the signed body; what an event of an unknown kind is about is not read."""

    provider: str
    event_id: str
    hash: bytes
    type: str
    outcome: Outcome
    provider_key: str | None = None
    charge_id: str | None = None
    order_id: str | None = None


async def claim_event(db: Db, event: NewEvent, now: datetime) -> bool:
    """Keep it; False when it is known. Waits for another transaction that is keeping it."""
    claimed = await db.fetchval(
        _CLAIM,
        event.provider,
        event.event_id,
        event.hash,
        event.type,
        event.provider_key,
        event.charge_id,
        event.order_id,
        event.outcome,
        now,
    )
    return claimed is not None


async def kept_event(db: Db, provider: str, event_id: str) -> tuple[bytes, Outcome]:
    """Hash and outcome of an event that is known. Raises ``Forgotten``."""
    row = await db.fetchrow(_READ, provider, event_id)
    if row is None:
        raise Forgotten(event_id)
    return row["hash"], row["outcome"]


async def attempt_known(db: Db, provider_key: str) -> KnownAttempt | None:
    """The attempt that was made under ``provider_key``."""
    row = await db.fetchrow(_ATTEMPT, provider_key)
    if row is None:
        return None
    key = AttemptKey(row["order_id"], row["operation"], row["number"])
    return KnownAttempt(key, row["state"], row["provider_reference"])
