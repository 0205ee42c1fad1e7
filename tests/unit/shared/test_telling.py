"""What is told of an error helps to mend it and quotes no data."""

import json

import asyncpg
import pytest
import structlog
from shared.errors import Permanent
from shared.observability.telling import tell, tell_where

from tests.support.logs import logs_as_of_a_service

PRIVATE = "a17850@example.com"


def of_postgres(kind: type[asyncpg.PostgresError], message: str) -> asyncpg.PostgresError:
    error = kind(message)
    error.detail = f"Failing row contains (1,\nline 2 of {PRIVATE})."
    return error


@pytest.mark.parametrize(
    "error",
    [
        KeyError(PRIVATE),
        ValueError(f"no number: {PRIVATE}"),
        of_postgres(asyncpg.CheckViolationError, 'violates check constraint "positive"'),
        of_postgres(asyncpg.InvalidTextRepresentationError, f'no integer: "{PRIVATE}"'),
        asyncpg.DataError(f"invalid input for query argument $1: '{PRIVATE}'"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_no_message_quotes_data(error: Exception) -> None:
    assert PRIVATE not in tell(error)
    assert tell(error).startswith(type(error).__name__)
    assert PRIVATE not in tell_where(error)


def test_what_helps_is_told() -> None:
    refused = of_postgres(asyncpg.UndefinedTableError, 'relation "holds" does not exist')

    assert tell(refused) == 'UndefinedTableError: relation "holds" does not exist'
    assert tell(Permanent("no such carrier")) == "Permanent: no such carrier"
    assert tell(ConnectionRefusedError(111, "refused")) == "ConnectionRefusedError: 111, refused"


def test_a_log_line_tells_the_place_and_every_cause(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with logs_as_of_a_service("test"):
        try:
            try:
                raise KeyError(PRIVATE)
            except KeyError as error:
                raise Permanent("no such customer") from error
        except Permanent as error:
            structlog.get_logger().error("event-failed", exc_info=error)

    told = json.loads(capsys.readouterr().err)["exception"]
    assert PRIVATE not in told
    assert "test_telling.py" in told
    assert told.index("KeyError") < told.index("Permanent: no such customer")
