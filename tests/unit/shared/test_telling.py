"""What is told of an error helps to mend it and quotes no data."""

import json
import logging
from collections.abc import Iterator

import asyncpg
import pytest
import structlog
from shared.errors import Permanent
from shared.observability import logging as service_logging
from shared.observability.telling import tell, tell_where

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


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()


def test_a_log_line_tells_the_place_and_every_cause(
    capsys: pytest.CaptureFixture[str], logs_as_before: None
) -> None:
    service_logging.set_up("test", "test-0")
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
