"""What storefronts submit, by HTTP or on their topic; unknown members are refused."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict
from pydantic_core import from_json

from shared.contracts import topics
from shared.contracts.currencies import CURRENCIES
from shared.contracts.event import Event
from shared.contracts.json_members import repeated_member
from shared.contracts.orders import Channel, FieldError

QUANTITY_MAX = 1_000_000
LINES_MAX = 1_000
REFERENCE_MAX = 128
SUBMISSION_BYTES_MAX = 256 * 1024
GIVEN_TWICE = "is given more than once"
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
AMOUNT_MINOR_MAX = 10**15  # Exact in every JSON reader (RFC 8259, 6) and far from a bigint's end.


def storable(text: str) -> str:
    """Refuse what PostgreSQL cannot store: NUL and lone surrogates."""
    if UNSTORABLE.search(text):
        raise ValueError("must not contain NUL or lone surrogates")
    return text


def known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("must be a currency of ISO 4217")
    return code


Storable = AfterValidator(storable)
Text = Annotated[str, Field(max_length=500), Storable]
Required = Annotated[str, Field(min_length=1, max_length=500), Storable]
Reference = Annotated[str, Field(min_length=1, max_length=REFERENCE_MAX), Storable]
Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$"), Storable]


class Body(BaseModel):
    """A member of a request: strict, so that 1.0 or "1" is no quantity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Customer(Body):
    id: Annotated[str, Field(min_length=1, max_length=128), Storable] | None = None
    email: Email
    name: Required


class ShippingAddress(Body):
    name: Required
    line1: Required
    line2: Text | None = None
    city: Required
    region: Text | None = None
    postal_code: Annotated[str, Field(max_length=32), Storable]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class SubmittedLine(Body):
    sku: Annotated[str, Field(min_length=1, max_length=64), Storable]
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]
    unit_price_minor: Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]
    description: Text | None = None
    seller_id: Annotated[str, Field(min_length=1, max_length=128), Storable] | None = None


class SubmittedPayment(Body):
    method: Annotated[str, Field(pattern=r"^card$")]
    token: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")] = Field(
        repr=False
    )


SUBMISSION_EXAMPLE: JsonDict = {
    "client_reference": "web-1001",
    "channel": "b2c",
    "currency": "GBP",
    "locale": "en-GB",
    "customer": {"id": "17850", "email": "c17850@example.com", "name": "Customer 17850"},
    "shipping_address": {
        "name": "Customer 17850",
        "line1": "1 Mill Lane",
        "line2": None,
        "city": "London",
        "region": None,
        "postal_code": "N1 1AA",
        "country": "GB",
    },
    "lines": [{"sku": "85123A", "quantity": 6, "unit_price_minor": 255}],
    "payment": {"method": "card", "token": "tok_ok"},
    "total_minor": 1530,
}


class Submission(Body):
    """The body of ``POST /v1/orders`` and the data of ``storefront.order-submitted.v1``."""

    model_config = ConfigDict(json_schema_extra={"examples": [SUBMISSION_EXAMPLE]})

    client_reference: Reference
    channel: Channel
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(known_currency)]
    locale: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{4})?(-[A-Z]{2})?$")]
    customer: Customer
    shipping_address: ShippingAddress
    lines: Annotated[list[SubmittedLine], Field(min_length=1, max_length=LINES_MAX)]
    payment: SubmittedPayment
    total_minor: Annotated[int, Field(ge=1, le=AMOUNT_MINOR_MAX)]
    purchase_order_number: Reference | None = None
    campaign: Reference | None = None
    metadata: Annotated[dict[Reference, Text], Field(max_length=50)] = {}

    @property
    def lines_total_minor(self) -> int:
        return sum(line.quantity * line.unit_price_minor for line in self.lines)


def field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    """Pydantic's errors as JSON Pointers (RFC 6901), at most 50."""
    return tuple(
        FieldError(pointer=pointer(one["loc"]), detail=one["msg"])
        for one in error.errors(include_url=False, include_context=False, include_input=False)[:50]
    )


def pointer(location: Sequence[int | str]) -> str:
    """A JSON Pointer (RFC 6901) to where pydantic found an error."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def shown_pointer(location: Sequence[int | str]) -> str:
    """A pointer that can be written as UTF-8 whatever the names are, and is no novel."""
    shown = pointer(location).encode(errors="backslashreplace").decode()
    return shown.replace("\x00", "\\u0000")[:500]


class StorefrontEvent(Event):
    """Keyed by ``client_reference``: the order has no id yet."""

    topic: ClassVar[str] = topics.STOREFRONT_ORDERS
    keyed_by_order: ClassVar[bool] = False
    order_id: str = ""


class OrderSubmitted(StorefrontEvent):
    """The body as it came; a body of the wrong shape is refused by an event, not parked."""

    type: ClassVar[str] = "storefront.order-submitted.v1"
    body: Any
    body_bytes: int = Field(0, exclude=True)
    repeated: str | None = Field(None, exclude=True)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """``repeated`` points at a member that is given twice: what was meant is not guessed."""
        body = from_json(data)
        where = repeated_member(data.decode()) if len(data) <= SUBMISSION_BYTES_MAX else None
        pointed = None if where is None else shown_pointer(where)
        return cls(body=body, body_bytes=len(data), repeated=pointed)

    @property
    def key(self) -> str:
        """The reference; of one that cannot be stored, what can be told of it."""
        reference = self.body.get("client_reference") if isinstance(self.body, dict) else None
        if not isinstance(reference, str):
            return ""
        return reference[:REFERENCE_MAX].replace("\x00", "\ufffd")

    @property
    def line_count(self) -> int:
        lines = self.body.get("lines") if isinstance(self.body, dict) else None
        return len(lines) if isinstance(lines, list) else 0


class OrderCancellationSubmitted(StorefrontEvent):
    """Names the order by ``client_reference`` or by ``order_id``."""

    type: ClassVar[str] = "storefront.order-cancellation-requested.v1"
    order_id: Annotated[str, Field(max_length=REFERENCE_MAX), Storable] = ""
    client_reference: Reference | None = None
    reason: Required = "customer"

    @property
    def key(self) -> str:
        return self.client_reference or self.order_id


EVENTS: tuple[type[Event], ...] = (OrderSubmitted, OrderCancellationSubmitted)
