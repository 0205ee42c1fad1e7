"""The copy of a record that people find in the dead-letter topic."""

import re
from typing import Any

from shared.contracts.topics import dead_letters
from shared.messaging.envelope import Headers, Record, pack
from shared.messaging.parking import ToPark
from shared.messaging.unit_of_work import UnitOfWork

# What a record adds to these must not make it larger than an outbox row or a topic takes: one
# that cannot be sent keeps all others of its shard waiting.
COPY_BYTES_MAX = 850_000
HEADER_BYTES = 10
# Also in what is no JSON, or ends in the middle of it.
_TOKEN = re.compile(rb"""("token"\s*:\s*)(?:"[^"\\]*(?:\\.[^"\\]*)*"?|[^\s",}\]]+)""", re.DOTALL)
MASKED = rb'\1"masked"'


def send_dead_letter(work: UnitOfWork[Any], service: str, park: ToPark) -> None:
    """Through the outbox: the record as it was but for a payment's token, and why it is here.

    Of one that is too large only this is sent; all of it is kept where it is parked.
    """
    record = park.record
    why = _why(park)
    if _size(record) > COPY_BYTES_MAX:
        why.append(("dl_left_out", b"headers, value"))
        work.send(dead_letters(service), record.parking_key, pack(why), b"")
        return
    # Kafka's client takes no record without both.
    value = b"" if record.key is None and record.value is None else _without_token(record.value)
    work.send(dead_letters(service), record.key, pack([*record.headers, *why]), value)


def _without_token(value: bytes | None) -> bytes | None:
    return None if value is None else _TOKEN.sub(MASKED, value)


def _why(park: ToPark) -> list[tuple[str, bytes | None]]:
    return [
        ("dl_reason", park.reason.encode()),
        ("dl_error", park.error.encode()),
        ("dl_topic", park.record.topic.encode()),
        ("dl_partition", str(park.record.partition).encode()),
        ("dl_offset", str(park.record.offset).encode()),
        ("dl_attempts", b"1"),
    ]


def _size(record: Record) -> int:
    return len(record.key or b"") + len(record.value or b"") + _header_bytes(record.headers)


def _header_bytes(headers: Headers) -> int:
    return sum(len(name.encode()) + len(raw or b"") + HEADER_BYTES for name, raw in headers)
