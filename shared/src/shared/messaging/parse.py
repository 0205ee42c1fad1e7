"""A record becomes an event, a poison record, or one that this group need not read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shared.contracts.event import Event, split_type
from shared.messaging.envelope import Record, content_hash
from shared.messaging.header_names import NOT_UTF8
from shared.observability.tracing import normal_traceparent

REQUIRED = ("ce_specversion", "ce_type", "ce_source", "ce_id")
ATTRIBUTE_BYTES_MAX = 512  # The inbox indexes source and id, PostgreSQL 2,704 bytes of a row.


@dataclass(frozen=True, slots=True)
class Identity:
    """What the inbox knows an event by, and the hash of what it said."""

    source: str
    id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """An event this group has a handler for."""

    record: Record
    identity: Identity
    event: Event
    traceparent: str


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that cannot be read; ``reason`` is one of a few names, ``error`` explains."""

    record: Record
    identity: Identity
    reason: str
    error: str

    @property
    def type(self) -> str:
        """The type it claims, readable or not."""
        raw = dict(self.record.headers).get("ce_type") or b""
        return raw.decode(errors="replace").replace("\x00", "")[:200]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event of a family this group does not read."""

    type: str


Parsed: TypeAlias = Known | Poison | Skipped


def parse(record: Record, handled: Mapping[str, type[Event]], families: Collection[str]) -> Parsed:
    """Read ``record`` for a group that handles these types and families; never raises."""
    headers, broken = _text_headers(record)
    event_type, source, event_id = (headers.get(name, "") for name in REQUIRED[1:])
    data = record.value or b""
    unusable = [name for name in REQUIRED if not _is_usable(headers.get(name, ""))]
    identity = Identity(source, event_id, content_hash(event_type, data))
    if unusable and not {"ce_type", "ce_source", "ce_id"}.isdisjoint(unusable):
        identity = Identity(f"kafka:{record.topic}", record.position, identity.hash)
    if broken:
        return Poison(record, identity, "bad-headers", f"header {broken} is null or not UTF-8")
    if unusable:
        error = f"missing, too long or with NUL: {', '.join(unusable)}"
        return Poison(record, identity, "bad-envelope", error)
    if split_type(event_type).family not in families:
        return Skipped(event_type)
    return _read_data(record, identity, headers, handled)


def _read_data(
    record: Record,
    identity: Identity,
    headers: dict[str, str],
    handled: Mapping[str, type[Event]],
) -> Known | Poison:
    event_class = handled.get(headers["ce_type"])
    if event_class is None:
        return Poison(record, identity, "unknown-version", headers["ce_type"])
    if record.value is None:
        return Poison(record, identity, "no-data", "the record has no value")
    try:
        event = event_class.from_json(record.value)
    except ValueError as error:
        return Poison(record, identity, "bad-data", _explain(error))
    if event.keyed_by_order and record.key != event.key.encode():
        return Poison(record, identity, "bad-key", "the key is not the order's id")
    return Known(record, identity, event, normal_traceparent(headers.get("traceparent", "")))


def _explain(error: ValueError) -> str:
    """Where the data is wrong, without quoting it: it may hold personal data or a token."""
    errors = getattr(error, "errors", None)
    if errors is None:
        return str(error)[:200]
    found = errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found[:5])[:500]


def _is_usable(attribute: str) -> bool:
    """Whether the inbox can store it; PostgreSQL's text holds no NUL."""
    return 0 < len(attribute.encode()) <= ATTRIBUTE_BYTES_MAX and "\x00" not in attribute


def _text_headers(record: Record) -> tuple[dict[str, str], str | None]:
    """Headers as text, and the name of the first that is null or not UTF-8, itself or its name."""
    try:
        texts = {name: raw.decode() for name, raw in record.headers if raw is not None}
        if len(texts) == len(record.headers) and NOT_UTF8 not in "".join(texts):
            return texts, None
    except UnicodeDecodeError:
        pass
    return _text_headers_one_by_one(record)


def _text_headers_one_by_one(record: Record) -> tuple[dict[str, str], str | None]:
    texts: dict[str, str] = {}
    broken: str | None = None
    for name, raw in record.headers:
        if name.startswith(NOT_UTF8):
            broken = broken or name
            continue
        try:
            texts[name] = (raw if raw is not None else b"\xff").decode()
        except UnicodeDecodeError:
            broken = broken or name
    return texts, broken
