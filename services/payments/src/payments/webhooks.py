"""Provider events on the wire: signed as Standard Webhooks 1.0.0 says, and read strictly."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from shared.contracts.storefront import Storable
from starlette.datastructures import Headers

from payments.domain.heard import Type

TOLERANCE = timedelta(minutes=5)
SIGNATURES_MAX = 16
SIGNATURE_BYTES_MAX = 4096
# Neither holds a dot, so that ``id.timestamp.body`` can be read in one way only.
EVENT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
TIMESTAMP_S = re.compile(r"[0-9]{1,11}")

KNOWN_TYPES = frozenset(get_args(Type))

Name = Annotated[str, Field(min_length=1, max_length=128), Storable]


@dataclass(frozen=True, slots=True)
class Signed:
    """Who holds the secret has sent ``body`` under this id, and signed it at ``sent_at``."""

    event_id: str
    sent_at: datetime
    body: bytes

    def in_time(self, now: datetime) -> bool:
        """An older one may be a copy that somebody else sends; a newer one has a wrong clock."""
        return abs(now - self.sent_at) <= TOLERANCE


def verified(keys: Sequence[bytes], headers: Headers, body: bytes) -> Signed | None:
    """The event, if one of ``keys`` has signed it; every reason why not looks the same.

    Compares in constant time, and against all keys, because two are valid during a rotation.
    """
    event_id = _one(headers, "webhook-id", EVENT_ID)
    timestamp_s = _one(headers, "webhook-timestamp", TIMESTAMP_S)
    signatures = headers.getlist("webhook-signature")
    if event_id is None or timestamp_s is None or len(signatures) != 1:
        return None
    given = signatures[0].encode("latin-1")
    if len(given) > SIGNATURE_BYTES_MAX:
        return None
    signed = b".".join((event_id.encode(), timestamp_s.encode(), body))
    expected = [_signature(key, signed) for key in keys]
    offered = given.split(b" ")[:SIGNATURES_MAX]
    if sum(hmac.compare_digest(one, other) for one in offered for other in expected) == 0:
        return None
    return Signed(event_id, datetime.fromtimestamp(int(timestamp_s), UTC), body)


def _one(headers: Headers, name: str, shape: re.Pattern[str]) -> str | None:
    values = headers.getlist(name)
    return values[0] if len(values) == 1 and shape.fullmatch(values[0]) else None


def _signature(key: bytes, signed: bytes) -> bytes:
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


class Body(BaseModel):
    """Members we do not read may come and go."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class Kind(Body):
    """What every event has; the rest is read only of the kinds we know."""

    type: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]


class Operation(Body):
    """Which operation something came of. Its amount is not read: the provider is asked."""

    key: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
    charge_id: Name
    order_id: Name


class Data(Body):
    operation: Operation


class Told(Body):
    """An event of a kind we know."""

    type: Type
    data: Data


KIND = TypeAdapter(Kind)
TOLD = TypeAdapter(Told)


def read(body: bytes) -> Told | Kind:
    """The event as far as we know its kind. Raises ``ValidationError``."""
    kind = KIND.validate_json(body)
    return TOLD.validate_json(body) if kind.type in KNOWN_TYPES else kind
