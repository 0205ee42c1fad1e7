"""What passes by itself is tried again; what fails each time is not."""

import asyncpg
import pytest
from shared.database.transient import is_transient
from shared.errors import Permanent, Retryable


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DeadlockDetectedError(""),
        asyncpg.LockNotAvailableError(""),
        asyncpg.IdleInTransactionSessionTimeoutError(""),
        asyncpg.AdminShutdownError(""),
        asyncpg.ConnectionDoesNotExistError(""),
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.InvalidCachedStatementError("a migration ran beside this release"),
        ConnectionRefusedError(),
        TimeoutError(),
        Retryable(),
    ],
    ids=lambda one: type(one).__name__,
)
def test_passes_by_itself(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CharacterNotInRepertoireError(""),
        asyncpg.NumericValueOutOfRangeError(""),
        asyncpg.CheckViolationError(""),
        asyncpg.ProgramLimitExceededError(""),
        asyncpg.UndefinedTableError(""),
        Permanent(),
        KeyError(),
    ],
    ids=lambda one: type(one).__name__,
)
def test_fails_each_time(error: Exception) -> None:
    assert not is_transient(error)
