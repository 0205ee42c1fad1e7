"""What the console keeps of a Kafka record: no payment token, no personal data."""

import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.contracts import topics

WITHHELD = "withheld"
# Of our own events these members are personal or secret, wherever they stand.
PRIVATE = frozenset({"personal", "token"})
# A submission is anybody's JSON: of it only what is known to be harmless is kept.
SUBMITTED = (
    "client_reference",
    "channel",
    "currency",
    "locale",
    "total_minor",
    "purchase_order_number",
    "campaign",
)
SUBMITTED_LINE = ("sku", "quantity", "unit_price_minor", "seller_id")
SEARCHED = (
    "order_id",
    "client_reference",
    "customer_id",
    "purchase_order_number",
    "payment_id",
    "refund_id",
    "fulfilment_order_id",
    "shipment_id",
    "tracking_number",
)
TERM_LENGTH_MAX = 200
TEXT_LENGTH_MAX = 300
TERMS_MAX = 1_100
DATA_BYTES_MAX = 64 * 1024
SEQUENCE_MAX = 2**31 - 1

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record is in Kafka; ``topic`` is without a prefix."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Fact:
    """One record. ``problem`` says why it could not be read; ``data`` is then an empty object.

    ``terms`` is what the order is found by; ``at`` is when it happened, as its writer says.
    """

    place: Place
    key: str
    type: str
    event_id: str
    sequence: int
    at: datetime | None
    trace_id: str
    data: Json = field(default_factory=dict)
    terms: frozenset[str] = frozenset()
    problem: str | None = None

    @property
    def order_id(self) -> str | None:
        """The order it is about; a submission has none yet."""
        return self.key if self.place.topic != topics.STOREFRONT_ORDERS and self.key else None


def fact_of(
    place: Place, key: bytes | None, headers: Mapping[str, str], value: bytes | None, secret: bytes
) -> Fact:
    """Never raises: what cannot be read is a fact with a ``problem``."""
    read = _object(value)
    data = read if isinstance(read, dict) else {}
    submitted = place.topic == topics.STOREFRONT_ORDERS
    sequence = headers.get("ce_sequence", "")
    return Fact(
        place=place,
        key=_text(_decoded(key)),
        type=_text(headers.get("ce_type", "")),
        event_id=_text(headers.get("ce_id", "")),
        sequence=min(int(sequence), SEQUENCE_MAX) if sequence.isdecimal() else 0,
        at=_time(headers.get("ce_time", "")),
        trace_id=_trace(headers.get("traceparent", "")),
        data=_submission(data) if submitted else _without_private(data),
        terms=frozenset() if submitted else frozenset(_terms(data, secret)),
        problem=read if isinstance(read, str) else None,
    )


def email_term(email: str, secret: bytes) -> str:
    """What an address is found by: a keyed hash, so that the table tells nobody's address."""
    digest = hmac.digest(secret, email.strip().lower().encode(errors="replace"), "sha256")
    return f"email:{digest[:16].hex()}"


def term_of(text: str) -> str:
    """An id, reference or SKU as it is looked for: case does not matter."""
    return _text(text.strip().lower(), TERM_LENGTH_MAX)


def _object(value: bytes | None) -> dict[str, Any] | str:
    """The value as a JSON object, or why it is none."""
    if value is None:
        return "the record has no value"
    if len(value) > DATA_BYTES_MAX * 16:
        return "the record is too long to be shown"
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        return "the value is no JSON"
    return read if isinstance(read, dict) else "the value is no JSON object"


def _without_private(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _text(name): WITHHELD if name in PRIVATE else _without_private(one)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [_without_private(one) for one in value]
    return _text(value) if isinstance(value, str) else value


def _submission(body: Json) -> Json:
    kept: dict[str, Any] = {name: _scalar(body[name]) for name in SUBMITTED if name in body}
    lines = body.get("lines")
    if isinstance(lines, list):
        kept["lines"] = [
            {name: _scalar(line[name]) for name in SUBMITTED_LINE if name in line}
            for line in lines[:TERMS_MAX]
            if isinstance(line, dict)
        ]
    if left := sorted(set(body) - set(kept)):
        kept["withheld"] = [_text(name, 64) for name in left[:20]]
    return kept


def _scalar(value: Any) -> Any:
    """Of a submission nobody has checked: a list in place of a number is not kept."""
    if isinstance(value, str):
        return _text(value)
    return value if isinstance(value, int | float | bool | None) else WITHHELD


def _terms(data: Json, secret: bytes) -> Iterator[str]:
    parcel = data.get("parcel")
    for source in (data, parcel if isinstance(parcel, dict) else {}):
        for name in SEARCHED:
            if isinstance(value := source.get(name), str) and value:
                yield term_of(value)
    lines = data.get("lines")
    for line in lines[:TERMS_MAX] if isinstance(lines, list) else ():
        if isinstance(line, dict) and isinstance(sku := line.get("sku"), str):
            yield term_of(sku)
    personal = data.get("personal")
    if isinstance(personal, dict) and isinstance(email := personal.get("email"), str):
        yield email_term(email, secret)


def _text(text: str, length_max: int = TEXT_LENGTH_MAX) -> str:
    """What PostgreSQL can store: no NUL, no lone surrogate, no end without end."""
    return text[:length_max].replace("\x00", "\ufffd").encode(errors="replace").decode()


def _decoded(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _trace(traceparent: str) -> str:
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else ""
