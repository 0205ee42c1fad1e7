"""Connections: their time limits make a stopped holder give up before its successors do."""

import asyncio

import asyncpg
import structlog
from asyncpg import Pool, Record

from shared.database import Db
from shared.database.transient import is_transient

# A holder that is stopped in a transaction is ended before those who wait for its locks give up.
SESSION = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "8s",
    "statement_timeout": "30s",
    "client_min_messages": "warning",
    # A plan is kept from when its table was empty, and a scan of it would be kept with it: every
    # statement of ours finds its rows by an index. A bitmap would visit what has left a queue again
    # at each look, until a vacuum. Compiling a plan never pays for itself here.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
CONNECT_TIMEOUT_S = 5
COMMAND_TIMEOUT_S = 35.0  # After the server's own limit: ends what no server answers any more.
RETRY_S = 0.5

log = structlog.get_logger(__name__)


async def _keep(_: Db) -> None:
    """No reset on release: we leave no session state, and the round trip costs."""


async def open_pool(dsn: str, name: str, connections_max: int) -> "Pool[Record]":
    """A pool; waits for the server for as long as it takes, for services start in any order."""
    while True:
        try:
            return await asyncpg.create_pool(
                dsn,
                min_size=2,
                max_size=connections_max,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=COMMAND_TIMEOUT_S,
                reset=_keep,
                server_settings={**SESSION, "application_name": name},
            )
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("database-not-ready", error=str(error)[:200])
            await asyncio.sleep(RETRY_S)


async def connect(
    dsn: str, name: str, command_timeout_s: float | None = CONNECT_TIMEOUT_S, **settings: str
) -> "asyncpg.Connection[Record]":
    """A session of its own, for advisory locks, notifications and migrations."""
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=command_timeout_s,
        server_settings={"application_name": name, **settings},
    )


async def ping(db: Db) -> None:
    await db.execute("SELECT 1")
