"""Partners and their keys."""

from datetime import datetime

from asyncpg import Record
from shared.database import Db

from notifications.partners.domain.partner import Key, Partner

_PARTNER = (
    "partner_id, name, tenant, seller_id, event_types, created_at, contact_email, sees_addresses"
)
_KEY = "key_id, partner_id, scopes, created_at, expires_at, revoked_at"
_ADD = f"""
INSERT INTO partners ({_PARTNER}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO NOTHING RETURNING partner_id
"""
_LIST = f"SELECT {_PARTNER} FROM partners WHERE name > $1 ORDER BY name LIMIT $2"
_FIND = f"SELECT {_PARTNER} FROM partners WHERE partner_id = $1 OR name = $1"
_LOCK = "SELECT 1 FROM partners WHERE partner_id = $1 FOR NO KEY UPDATE"
_ADD_KEY = f"INSERT INTO partner_keys ({_KEY}, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)"
_GRANT = f"UPDATE partners SET sees_addresses = $2 WHERE partner_id = $1 RETURNING {_PARTNER}"
_ANY_GRANT = "SELECT EXISTS (SELECT FROM partners WHERE sees_addresses)"
_KEYS = f"SELECT {_KEY} FROM partner_keys WHERE partner_id = $1 ORDER BY key_id"
_REVOKE = f"""
UPDATE partner_keys SET revoked_at = least(revoked_at, $3)
WHERE partner_id = $1 AND key_id = $2 RETURNING {_KEY}
"""
_BY_HASH = f"""
SELECT {", ".join(f"k.{name}" for name in _KEY.split(", "))},
    p.name, p.tenant, p.seller_id, p.event_types, p.contact_email, p.sees_addresses,
    p.created_at AS partner_created_at
FROM partner_keys k JOIN partners p USING (partner_id) WHERE k.hash = $1
"""


async def add(db: Db, partner: Partner) -> bool:
    """False when another has the name."""
    added = await db.fetchval(
        _ADD,
        partner.partner_id,
        partner.name,
        partner.tenant,
        partner.seller_id,
        list(partner.event_types),
        partner.created_at,
        partner.contact_email,
        partner.sees_addresses,
    )
    return added is not None


async def page(db: Db, after_name: str, limit: int) -> list[Partner]:
    return [_partner(one) for one in await db.fetch(_LIST, after_name, limit)]


async def find(db: Db, id_or_name: str) -> Partner | None:
    record = await db.fetchrow(_FIND, id_or_name)
    return None if record is None else _partner(record)


async def lock(db: Db, partner_id: str) -> None:
    """Nobody else adds to what the partner has until the transaction ends."""
    await db.execute(_LOCK, partner_id)


async def grant_addresses(db: Db, partner_id: str, *, granted: bool) -> Partner:
    record = await db.fetchrow(_GRANT, partner_id, granted)
    assert record is not None, "partners are never removed"
    return _partner(record)


async def any_sees_addresses(db: Db) -> bool:
    """Whether there is anybody to whom an address may be told."""
    found: bool = await db.fetchval(_ANY_GRANT)
    return found


async def add_key(db: Db, key: Key, key_hash: bytes) -> None:
    await db.execute(
        _ADD_KEY,
        key.key_id,
        key.partner_id,
        list(key.scopes),
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key_hash,
    )


async def keys_of(db: Db, partner_id: str) -> list[Key]:
    return [_key(one) for one in await db.fetch(_KEYS, partner_id)]


async def revoke_key(db: Db, partner_id: str, key_id: str, at: datetime) -> Key | None:
    """It is valid until ``at``; None when the partner has no such key."""
    record = await db.fetchrow(_REVOKE, partner_id, key_id, at)
    return None if record is None else _key(record)


async def holder_of(db: Db, key_hash: bytes) -> tuple[Partner, Key] | None:
    """Whose key it is, valid or not."""
    record = await db.fetchrow(_BY_HASH, key_hash)
    if record is None:
        return None
    partner = Partner(
        record["partner_id"],
        record["name"],
        record["tenant"],
        record["seller_id"],
        tuple(record["event_types"]),
        record["partner_created_at"],
        record["contact_email"],
        record["sees_addresses"],
    )
    return partner, _key(record)


def _partner(record: Record) -> Partner:
    return Partner(**{**record, "event_types": tuple(record["event_types"])})


def _key(record: Record) -> Key:
    values = {name: record[name] for name in _KEY.split(", ")}
    return Key(**{**values, "scopes": tuple(record["scopes"])})
