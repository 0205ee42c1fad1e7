"""Provider events: each is kept once, with what became of it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from asyncpg import Record
from shared.database import Db
from shared.errors import Forgotten

from payments.domain.attempts import AttemptKey
from payments.domain.heard import KnownAttempt, Outcome

_CLAIM = """
INSERT INTO provider_events (provider, event_id, hash, type, provider_key, charge_id, order_id,
    outcome, received_at)
SELECT u.provider, u.event_id, u.hash, u.type, u.provider_key, u.charge_id, u.order_id, u.outcome,
    $9
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::text[]) u(provider, event_id, hash, type, outcome, provider_key, charge_id, order_id)
ORDER BY u.provider, u.event_id
ON CONFLICT DO NOTHING RETURNING event_id
"""
_READ = """
SELECT event_id, hash, outcome FROM provider_events
WHERE provider = $1 AND event_id = ANY($2::text[])
"""
_ATTEMPTS = """
SELECT provider_key, order_id, operation, number, state, provider_reference
FROM payment_attempts WHERE provider_key = ANY($1::text[])
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


async def claim_events(db: Db, events: Sequence[NewEvent], now: datetime) -> set[str]:
    """Keep them; ids of those that were not known. Waits for who else is keeping one of them."""
    columns = zip(*map(astuple, events), strict=True)
    return {record["event_id"] for record in await db.fetch(_CLAIM, *map(list, columns), now)}


async def kept_events(
    db: Db, provider: str, event_ids: Sequence[str]
) -> dict[str, tuple[bytes, Outcome]]:
    """Hash and outcome of events that are known. Raises ``Forgotten``."""
    records = await db.fetch(_READ, provider, event_ids)
    kept = {record["event_id"]: (record["hash"], record["outcome"]) for record in records}
    if forgotten := set(event_ids) - kept.keys():
        raise Forgotten(min(forgotten))
    return kept


async def attempts_known(db: Db, provider_keys: Sequence[str]) -> dict[str, KnownAttempt]:
    """The attempts that were made under ``provider_keys``, by them."""
    return {row["provider_key"]: _known(row) for row in await db.fetch(_ATTEMPTS, provider_keys)}


def _known(row: Record) -> KnownAttempt:
    key = AttemptKey(row["order_id"], row["operation"], row["number"])
    return KnownAttempt(key, row["state"], row["provider_reference"])
