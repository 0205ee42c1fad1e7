"""PostgreSQL that dies, cannot sync or write, is held up, deadlocks, or is being migrated."""

import asyncio
import contextlib
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import psutil

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.faults.probes import Probes
from tests.support.waiting import eventually, pause

READ_ONLY_S, LONG_TRANSACTION_S = 5.0, 12.0
DEADLOCKS, DEADLOCK_TRIES_MAX = 3, 40
DECIDED_MEANWHILE_MIN = 20

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
_SLEEPING = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%proof_half%' AND state = 'active'"
_TAKE = "SELECT FROM stock WHERE sku = $1 FOR UPDATE"
_ENDED = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'orders'"
_HALF = """
CREATE TABLE proof_half (id bigint PRIMARY KEY);
SELECT pg_sleep({sleep_s}) /* proof_half */;
ALTER TABLE orders ADD COLUMN proof_half text;
"""
_MIGRATE = """
import asyncio, sys
from shared.database.migrate import migrate_at
sys.path.insert(0, sys.argv[2])
print(asyncio.run(migrate_at(sys.argv[1], "proof", "proof_migrations")))
"""


async def kill_server(arena: Arena, _: random.Random) -> Witness:
    """SIGKILL of the whole server; it is started again after a second."""
    postgres = arena.servers.postgres
    pid, before = postgres.pid, _recoveries(arena)
    await arena.system.take_down("postgres")
    assert postgres.pid is None, "PostgreSQL is gone"
    await pause(1)
    await arena.system.bring_back("postgres", 30)
    recoveries = _recoveries(arena) - before
    assert recoveries, "its log tells of no recovery"
    return Witness(
        f"PostgreSQL {pid} ended by SIGKILL; {postgres.pid} says in its log that it was not "
        f"properly shut down and has recovered, {recoveries} times",
        1,
    )


async def fsync_fails(arena: Arena, _: random.Random) -> Witness:
    """The next fdatasync of PostgreSQL says EIO; it panics and recovers what it has promised."""
    assert shutil.which("strace"), "this fault needs strace"
    postgres = arena.servers.postgres
    assert postgres.pid is not None
    before, recovered_before = _panics(arena), _recoveries(arena)
    processes = [psutil.Process(postgres.pid), *psutil.Process(postgres.pid).children()]
    attached = [part for one in processes for part in ("-p", str(one.pid))]
    inject = ("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=1")
    tracer = await asyncio.create_subprocess_exec(
        "strace", "-f", "-qq", "-o", "/dev/null", *inject, *attached
    )
    try:
        await eventually(lambda: _panicked(arena, before), "PostgreSQL panics", 20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.terminate()
        await tracer.wait()
    await postgres.wait_ready()
    recoveries = _recoveries(arena) - recovered_before
    assert recoveries, "its log tells of no recovery"
    return Witness(
        f"fdatasync said EIO, {_panics(arena) - before} PANIC and {recoveries} recovery in its log"
    )


async def read_only(arena: Arena, _: random.Random) -> Witness:
    """The whole server becomes read-only for a while, under the sessions that are open."""
    async with _session(arena) as admin, Probes.of(arena) as probes:
        await admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await admin.execute("SELECT pg_reload_conf()")
        try:
            await probes.until_refused(10)
            await pause(READ_ONLY_S)
        finally:
            await admin.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await admin.execute("SELECT pg_reload_conf()")
    return Witness(f"read-only for {READ_ONLY_S:g} s and more: {_refusals(probes)}")


async def read_only_sessions(arena: Arena, _: random.Random) -> Witness:
    """Sessions that were opened while the database was read-only stay so when it no longer is."""
    async with _session(arena) as admin, Probes.of(arena) as probes:
        await admin.execute("ALTER DATABASE orders SET default_transaction_read_only = on")
        ended = await admin.fetch(_ENDED)
        try:
            await probes.until_refused(10)
            await pause(READ_ONLY_S)
        finally:
            await admin.execute("ALTER DATABASE orders RESET default_transaction_read_only")
    return Witness(f"{len(ended)} sessions ended, their successors read-only: {_refusals(probes)}")


async def long_transaction(arena: Arena, _: random.Random) -> Witness:
    """A transaction that wrote stays open in every database; nobody waits for it."""
    async with contextlib.AsyncExitStack() as stack:
        for service in arena.system.config.services:
            db = await stack.enter_async_context(_session(arena, service))
            await stack.enter_async_context(db.transaction(isolation="repeatable_read"))
            await db.execute("SELECT pg_current_xact_id()")
        before = len(arena.watch.decided_at)
        await pause(LONG_TRANSACTION_S)
        decided = len(arena.watch.decided_at) - before
        held = await db.fetchval(
            "SELECT age(backend_xmin) FROM pg_stat_activity WHERE pid = $1", db.get_server_pid()
        )
    assert decided >= DECIDED_MEANWHILE_MIN, f"{decided} orders decided meanwhile"
    assert held, "xmin was not held back"
    return Witness(
        f"a transaction open for {LONG_TRANSACTION_S:g} s in each database held back xmin by "
        f"{held}; meanwhile {decided} orders were decided"
    )


async def deadlocks(arena: Arena, _: random.Random) -> Witness:
    """A session takes stock rows in the opposite order, so that PostgreSQL ends ours again."""
    before, skus = _deadlocks(arena), sorted(arena.load.skus[:4])
    async with _session(arena, "inventory") as db:
        await db.execute("SET deadlock_timeout = '60s'")
        for _tried in range(DEADLOCK_TRIES_MAX):
            await _cross(arena, db, skus)
            if _deadlocks(arena) - before >= DEADLOCKS:
                break
    found = _deadlocks(arena) - before
    assert found >= DEADLOCKS, f"{found} deadlocks"
    return Witness(f"PostgreSQL ended {found} transactions of inventory in a deadlock")


async def _cross(arena: Arena, db: "asyncpg.Connection[asyncpg.Record]", skus: list[str]) -> None:
    """Hold the last row until somebody who has earlier ones waits for it; then ask for those."""
    pid = db.get_server_pid()
    async with _session(arena, "inventory") as watcher, db.transaction():
        await db.execute(_TAKE, skus[-1])

        async def waited_for() -> bool:
            return bool(await watcher.fetchval(_WAITING, pid))

        arena.load.surge(5)
        await eventually(waited_for, "inventory waits for a row of stock", 10)
        for sku in skus[:-1]:
            await db.execute(_TAKE, sku)


async def migration_killed(arena: Arena, _: random.Random) -> Witness:
    """A migration dies of SIGKILL half-way; two that start after it apply it once."""
    folder = Path(tempfile.mkdtemp(prefix="proof-migrations-", dir=arena.shop.crash_dir.parent))
    dsn = arena.system.addresses.databases["orders"]
    await asyncio.to_thread(_write_migration, folder, 3.0)
    async with _session(arena, "orders") as db:
        try:
            first = await _migration(dsn, folder)
            await eventually(lambda: db.fetchval(_SLEEPING), "the migration is half-way", 20)
            first.kill()
            assert await first.wait() == -signal.SIGKILL
            assert await db.fetchval("SELECT to_regclass('proof_half')") is None
            again = [await _migration(dsn, folder) for _ in range(2)]
            told = [(await one.communicate())[0].decode() for one in again]
            applied = sum("proof" in one for one in told)
            assert [one.returncode for one in again] == [0, 0], told
            assert applied == 1, told
            await pause(1)
        finally:
            await db.execute("ALTER TABLE orders DROP COLUMN IF EXISTS proof_half")
            await db.execute("DROP TABLE IF EXISTS proof_half")
            await db.execute("DELETE FROM schema_migrations WHERE name LIKE '%proof_half%'")
    return Witness("a migration died of SIGKILL half-way and left nothing; of two one applied it")


def _write_migration(folder: Path, sleep_s: float) -> None:
    """A package with orders' migrations would be a release; this one has only the new file."""
    package = folder / "proof_migrations"
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    sql = _HALF.format(sleep_s=sleep_s)
    (package / "migrations" / "9999_proof_half.sql").write_text(sql)


async def _migration(dsn: str, folder: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", _MIGRATE, dsn, str(folder), stdout=asyncio.subprocess.PIPE
    )


@asynccontextmanager
async def _session(
    arena: Arena, database: str = "postgres"
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The superuser's, past every proxy."""
    parts = urlsplit(arena.servers.postgres.admin_dsn)
    db = await asyncpg.connect(urlunsplit(parts._replace(path=f"/{database}")))
    try:
        yield db
    finally:
        await db.close()


def _refusals(probes: Probes) -> str:
    assert probes.unhelpful == 0, "a 503 without Retry-After"
    assert set(probes.statuses) <= {0, 201, 503}, probes.statuses
    return f"{probes.statuses[503]} orders answered 503, the slowest {probes.slowest_s[503]:.1f} s"


async def _panicked(arena: Arena, before: int) -> bool:
    return _panics(arena) > before


def _panics(arena: Arena) -> int:
    return _log(arena).count("PANIC:")


def _recoveries(arena: Arena) -> int:
    return _log(arena).count("automatic recovery in progress")


def _deadlocks(arena: Arena) -> int:
    return _log(arena).count("deadlock detected")


def _log(arena: Arena) -> str:
    return arena.system.run_dir.log("postgres").read_text(errors="replace")


FAULTS = [
    Fault("F12", "SIGKILL of PostgreSQL under load", kill_server),
    Fault("F14", "fdatasync of PostgreSQL fails", fsync_fails),
    Fault("F17", "deadlocks on stock", deadlocks),
    Fault("F18.server", "PostgreSQL becomes read-only", read_only),
    Fault("F18.sessions", "sessions stay read-only", read_only_sessions),
    Fault("F19", "a transaction stays open", long_transaction),
    Fault("F36", "a migration under load, killed half-way", migration_killed),
]
