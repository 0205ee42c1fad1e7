"""Which failures pass by themselves, so that the same work may be tried again."""

import asyncpg

from shared.errors import Retryable

# Lost connections, restarts, deadlocks, serialization failures and lock timeouts pass by
# themselves (PostgreSQL errors appendix, classes 08, 40, 53, 57 and code 55P03).
TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.TransactionRollbackError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidCachedStatementError,  # A migration changed a table under a running release.
)


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed when it is tried again unchanged."""
    if isinstance(error, asyncpg.InterfaceError):
        # A broken connection shows as an interface or internal client error too.
        return True
    return isinstance(error, (Retryable, asyncpg.InternalClientError, *TRANSIENT))


def is_outage(error: BaseException) -> bool:
    """Whether no other transaction would fare better now: it was not what this one did."""
    of_this_one = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError, Retryable)
    return is_transient(error) and not isinstance(error, of_this_one)
