"""CloudEvents 1.0 in Kafka's binary mode: attributes in headers, the fact in the value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from pydantic_core import from_json, to_json

from shared.clock import rfc3339
from shared.contracts.event import Event

Headers = Sequence[tuple[str, bytes | None]]

CONTENT_TYPE = "application/json"
SEQUENCE_DIGITS = 10
KEY_BYTES_MAX = 512  # PostgreSQL indexes at most 2,704 bytes of a row.


def source_of(topic: str) -> str:
    """``ce_source`` differs per topic, so that ids need be unique only there."""
    return f"/orderproof/{topic}"


def encode_headers(
    event: Event, event_id: str, at: datetime, sequence: int, traceparent: str
) -> list[tuple[str, bytes]]:
    """The headers of an outgoing event (CloudEvents Kafka binding 3.2; sequence extension)."""
    family = event.type
    texts = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_type": family,
        "ce_source": source_of(event.topic),
        "ce_subject": event.key,
        "ce_time": rfc3339(at),
        "ce_dataschema": f"urn:orderproof:schema:{family}",
        "ce_partitionkey": event.key,
        "ce_sequence": f"{sequence:0{SEQUENCE_DIGITS}d}",
        "content-type": CONTENT_TYPE,
        "traceparent": traceparent,
    }
    return [(name, text.encode()) for name, text in texts.items() if text]


def pack(headers: Headers) -> bytes:
    """Headers as stored in a row: JSON of latin-1 text, which keeps every byte."""
    pairs = [(name, None if raw is None else raw.decode("latin-1")) for name, raw in headers]
    return to_json(pairs)


def unpack(stored: bytes) -> list[tuple[str, bytes | None]]:
    """The headers that ``pack`` stored."""
    return [
        (name, None if text is None else text.encode("latin-1")) for name, text in from_json(stored)
    ]


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record as it came; ``topic`` is without the prefix a test may have.

    ``timestamp_ms`` is its producer's, since 1970; 0 when it is not known any more.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int = 0

    @property
    def position(self) -> str:
        return f"{self.partition}/{self.offset}"

    @property
    def place(self) -> tuple[str, str]:
        return (self.topic, self.position)

    def texts(self) -> dict[str, str]:
        """The headers as text; for a record that could be read, which has no others."""
        return {name: raw.decode() for name, raw in self.headers if raw is not None}

    @property
    def parking_key(self) -> bytes:
        """What waits together, short enough for an index; without a key nobody waits."""
        if self.key is None:
            return b"\x00" + self.position.encode()
        if len(self.key) > KEY_BYTES_MAX:
            return b"\x00" + blake2b(self.key, digest_size=16).hexdigest().encode()
        return self.key


def content_hash(event_type: str, data: bytes) -> bytes:
    """Tells a repeated event from another event under the same id (BLAKE2b, 128 bits)."""
    return blake2b(event_type.encode() + b"\x00" + data, digest_size=16).digest()
