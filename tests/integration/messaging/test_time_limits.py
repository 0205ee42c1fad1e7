"""A query has a limit on both sides; a migration may take its time."""

import pytest
from shared.database import migrate, pool

from tests.support.tally import TallyService


async def test_a_query_that_no_server_answers_ends(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "COMMAND_TIMEOUT_S", 0.2)
    limited = await pool.open_pool(service.dsn, "limited", 2)

    with pytest.raises(TimeoutError):
        await limited.execute("SELECT pg_sleep(3)")

    await limited.close()


async def test_a_migration_has_no_limit(
    service: TallyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = migrate.Migration("0001_slow.sql", "SELECT pg_sleep(0.5)")
    monkeypatch.setattr(migrate, "migrations_of", lambda _: [slow])
    for name in ("statement_timeout", "lock_timeout"):
        monkeypatch.setitem(pool.SESSION, name, "100ms")
    monkeypatch.setattr(pool, "CONNECT_TIMEOUT_S", 0.3)
    await service.fetch("DROP TABLE IF EXISTS schema_migrations")

    assert await migrate.migrate_at(service.dsn, "test", "any") == ["0001_slow.sql"]
    assert await migrate.migrate_at(service.dsn, "test", "any") == []
