"""The physical limit: the same work in PostgreSQL alone, on the server that the services use."""

import asyncio
import re
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from local_runtime.runtimes.postgres import installation

SCRIPTS = Path(__file__).parent / "limit"
DATABASE = "bench_limit"
THREADS = 2
TPS = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
# Name, script, clients, orders of a transaction.
LIMITS = (
    ("one_transaction_c16", "one.sql", 16, 1),
    ("one_transaction_c32", "one.sql", 32, 1),
    ("batch_100_c4", "batch100.sql", 4, 100),
)
_RESET = """
TRUNCATE orders, order_lines, payments, stock, reservations, notifications;
INSERT INTO stock SELECT g, 100000000, 0 FROM generate_series(1, 1000) g
"""


class NoLimitError(RuntimeError):
    """The limit could not be measured."""


async def limits(admin_dsn: str, seconds: float) -> dict[str, float]:
    """Orders a second by the limit's name."""
    dsn = await _prepared(admin_dsn)
    return {
        name: round(orders * await _tps(dsn, script, clients, seconds), 1)
        for name, script, clients, orders in LIMITS
    }


async def _prepared(admin_dsn: str) -> str:
    """The database with its tables, made once."""
    dsn = urlsplit(admin_dsn)._replace(path=f"/{DATABASE}").geturl()
    admin = await asyncpg.connect(admin_dsn)
    try:
        known = await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE)
        if not known:
            await admin.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await admin.close()
    if not known:
        connection = await asyncpg.connect(dsn)
        await connection.execute((SCRIPTS / "schema.sql").read_text())
        await connection.close()
    return dsn


async def _tps(dsn: str, script: str, clients: int, seconds: float) -> float:
    connection = await asyncpg.connect(dsn)
    await connection.execute(_RESET)
    await connection.execute("CHECKPOINT")
    await connection.close()
    folder = installation()
    if folder is None:
        raise NoLimitError("pgbench is not installed; run: make setup")
    options = ["-n", "-M", "prepared", "-c", str(clients), "-j", str(THREADS), "-D", "n=0"]
    length = ["-T", str(max(1, round(seconds))), "-f", str(SCRIPTS / script)]
    told = await _output(str(folder / "bin" / "pgbench"), *options, *length, dsn)
    found = TPS.search(told)
    if found is None:
        raise NoLimitError(told[-500:])
    return float(found[1])


async def _output(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        told, _ = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return told.decode()
