"""The provider's requests: their bodies, their keys, and the fingerprint of a call."""

import hashlib
import json
import re
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from local_runtime.simulators.bodies import refusal

BODY_BYTES_MAX = 64 * 1024
AMOUNT_MINOR_MAX = 10**12
KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,255}")

AmountMinor = Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)]
MetadataName = Annotated[str, Field(max_length=40)]
MetadataText = Annotated[str, Field(max_length=500)]


class Strict(BaseModel):
    """Members nobody asked for are refused, so that no card number can get in."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ChargeBody(Strict):
    order_id: Annotated[str, Field(min_length=1, max_length=128)]
    amount_minor: AmountMinor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    token: Annotated[str, Field(max_length=64)]
    capture: bool
    metadata: Annotated[dict[MetadataName, MetadataText], Field(max_length=20)] = {}


class AmountBody(Strict):
    amount_minor: AmountMinor


class EmptyBody(Strict):
    """The body of a void."""


def idempotency_key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not KEY_PATTERN.fullmatch(key):
        raise refusal(400, "idempotency-key-invalid")
    return key


def fingerprint(request: web.Request, body: BaseModel) -> str:
    """A digest, so that the book keeps nothing of the body that it does not need."""
    canonical = json.dumps([request.path, body.model_dump()], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
