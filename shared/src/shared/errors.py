"""What a failure means for the record that met it: try again, or set it aside."""

import asyncpg

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
)


class OrderproofError(Exception):
    """The base of our errors; its class says whether to retry or to fix."""


class Retryable(OrderproofError):
    """It passes by itself: the same work is tried again."""


class Permanent(OrderproofError):
    """It fails again however often it is tried: the record is parked for people."""


class PartitionStopped(Retryable):
    """One error class parked too many orders in a minute; nothing more is parked for it."""

    def __init__(self, error_class: str) -> None:
        super().__init__(f"stopped: {error_class} parked too many orders")
        self.error_class = error_class


class LockOrderViolation(OrderproofError):
    """A transaction asked for its locks twice or backwards; that is how deadlocks are made."""


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed when it is tried again unchanged."""
    if isinstance(error, asyncpg.InterfaceError):
        # A broken connection shows as an interface or internal client error too.
        return True
    return isinstance(error, (Retryable, asyncpg.InternalClientError, *TRANSIENT))
