"""Migrations: numbered SQL files, forward only, each once and in a transaction of its own."""

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from shared.database import Db
from shared.database.pool import connect
from shared.errors import Permanent

LOCK_ID = 0x6F70726D  # "oprm": instances that start together migrate one after the other.
COMMON = ("messaging.sql", "retention.sql", "statistics.sql", "set_aside.sql", "receive.sql")

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationChanged(Permanent):
    """A file that was applied has another content now; write a new one instead."""


@dataclass(frozen=True)
class Migration:
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return sha256(self.sql.encode()).hexdigest()


def migrations_of(package: str) -> list[Migration]:
    """The common tables first, then ``package``'s ``migrations/NNNN_name.sql`` by name."""
    common = files("shared.database")
    own = files(package).joinpath("migrations")
    found: list[Traversable] = sorted(
        (one for one in own.iterdir() if one.name.endswith(".sql")), key=lambda one: one.name
    )
    return [
        *(Migration(f"0000_{name}", common.joinpath(name).read_text()) for name in COMMON),
        *(Migration(one.name, one.read_text()) for one in found),
    ]


async def migrate_at(dsn: str, name: str, package: str) -> list[str]:
    """Migrate over a session without the pool's time limits: a change may take its time."""
    db = await connect(dsn, f"{name}-migrations", command_timeout_s=None)
    try:
        return await migrate(db, package)
    finally:
        await db.close()


async def migrate(db: Db, package: str) -> list[str]:
    """Apply what is missing; gives the names applied. Safe to run from several instances."""
    await db.execute("SELECT pg_advisory_lock($1)", LOCK_ID)
    try:
        await db.execute(_TABLE)
        done = {
            row["name"]: row["sha256"]
            for row in await db.fetch("SELECT name, sha256 FROM schema_migrations")
        }
        return [one.name for one in migrations_of(package) if await _apply(db, one, done)]
    finally:
        await db.execute("SELECT pg_advisory_unlock($1)", LOCK_ID)


async def _apply(db: Db, migration: Migration, done: dict[str, str]) -> bool:
    if migration.name in done:
        if done[migration.name] != migration.digest:
            raise MigrationChanged(
                f"{migration.name} was changed after this database was made with it: "
                "start the release it was made with, or with an empty one (make clean, locally)"
            )
        return False
    async with db.transaction():
        await db.execute(migration.sql)
        await db.execute(
            "INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2)",
            migration.name,
            migration.digest,
        )
    return True
