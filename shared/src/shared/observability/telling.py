"""What may be told of an error: a message may quote personal data or a token."""

import traceback

import asyncpg
from aiokafka.errors import KafkaError

from shared.errors import OrderproofError

# Their messages are ours, the system's or the broker's, and quote no data of an order.
QUOTE_NO_DATA = (OrderproofError, OSError, KafkaError, asyncpg.PostgresError)
MESSAGE_CHARS_MAX = 300


def tell(error: BaseException) -> str:
    """The class, and the message of those that quote no data."""
    name = type(error).__name__
    if not isinstance(error, QUOTE_NO_DATA) or isinstance(error, asyncpg.DataError):
        return name
    # Not str(error), which has PostgreSQL's DETAIL: it quotes the failing row.
    message = ", ".join(map(str, error.args)).replace("\x00", "")
    return f"{name}: {message[:MESSAGE_CHARS_MAX]}" if message else name


def tell_where(error: BaseException) -> str:
    """A traceback with ``tell`` for each message, the first cause first."""
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = tell_where(cause) + "\n" if cause is not None else ""
    return before + "".join(traceback.format_tb(error.__traceback__)) + tell(error)
