"""What the provider's answers on the wire mean: whatever is not definite is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from shared.contracts.payments import DeclineReason
from shared.contracts.storefront import Storable

from payments.domain.money import Money
from payments.domain.strays import Movement
from payments.provider import (
    Captured,
    ChargeAnswer,
    Declined,
    ListAnswer,
    NotFound,
    Page,
    RefundAnswer,
    Refunded,
    RefundRefused,
    Unknown,
)

PAGE_MAX = 50

# Refusals after which the provider has done nothing and will do nothing. Others, like a key that
# was used with another body, say nothing about the operation.
CHARGE_REFUSALS = frozenset({"unknown-token", "invalid-request"})
REFUND_REFUSALS = frozenset({"refund-exceeds-capture", "invalid-request"})
DECLINE_REASONS: Mapping[str, DeclineReason] = {"insufficient_funds": "insufficient-funds"}

Minor = Annotated[int, Field(ge=0, le=2**62)]
Reference = Annotated[str, Field(min_length=1, max_length=255), Storable]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Body(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class ChargeBody(Body):
    id: Reference
    status: Literal["captured", "authorized", "declined", "voided"]
    captured_minor: Minor
    currency: Currency
    key: str
    decline_code: str | None = None


class OperationBody(Body):
    id: Reference
    op: Literal["refund"]
    amount_minor: Minor
    currency: Currency
    ok: bool


class TransactionBody(Body):
    id: Reference
    op: Literal["capture", "refund"]
    key: Reference
    order_id: Reference
    charge_id: Reference
    amount_minor: Annotated[int, Field(ge=1, le=2**62)]
    currency: Currency
    at: Annotated[AwareDatetime, Field(strict=False)]


class PageBody(Body):
    transactions: Annotated[list[TransactionBody], Field(max_length=PAGE_MAX)]
    next: Annotated[str, Field(min_length=1, max_length=255)] | None


class ErrorBody(Body):
    error: str


CHARGE = TypeAdapter(ChargeBody)
OPERATION = TypeAdapter(OperationBody)
ERROR = TypeAdapter(ErrorBody)
CHARGES = TypeAdapter(Annotated[list[ChargeBody], Field(max_length=1)])
PAGE = TypeAdapter(PageBody)
OPERATIONS = TypeAdapter(Annotated[list[OperationBody], Field(max_length=1)])

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP answer within the limit of a body."""

    status: int
    body: bytes


def read_charge(reply: Reply, key: str) -> ChargeAnswer:
    """The answer to ``POST /v1/charges``."""
    if reply.status in (200, 201, 402):
        body = _parse(CHARGE, reply)
        return _charge(body, key) if isinstance(body, ChargeBody) else body
    refusal = _refusal(reply)
    return Declined("declined") if refusal in CHARGE_REFUSALS else Unknown(_why(reply))


def read_found_charge(reply: Reply, key: str) -> ChargeAnswer:
    """The answer to ``GET /v1/charges?key=``."""
    if reply.status != 200:
        return Unknown(_why(reply))
    found = _parse(CHARGES, reply)
    if isinstance(found, Unknown):
        return found
    return _charge(found[0], key) if found else NotFound()


def read_refund(reply: Reply) -> RefundAnswer:
    """The answer to ``POST /v1/charges/{id}/refund``."""
    if reply.status in (200, 201):
        body = _parse(OPERATION, reply)
        return _refund(body) if isinstance(body, OperationBody) else body
    refusal = _refusal(reply)
    return RefundRefused(refusal) if refusal in REFUND_REFUSALS else Unknown(_why(reply))


def read_found_refund(reply: Reply) -> RefundAnswer:
    """The answer to ``GET /v1/operations?key=``."""
    if reply.status != 200:
        return Unknown(_why(reply))
    found = _parse(OPERATIONS, reply)
    if isinstance(found, Unknown):
        return found
    return _refund(found[0]) if found else NotFound()


def read_page(reply: Reply) -> ListAnswer:
    """The answer to ``GET /v1/transactions``."""
    if reply.status != 200:
        return Unknown(_why(reply))
    found = _parse(PAGE, reply)
    if isinstance(found, Unknown):
        return found
    return Page(tuple(_movement(one) for one in found.transactions), found.next)


def _movement(body: TransactionBody) -> Movement:
    return Movement(
        id=body.id,
        operation="charge" if body.op == "capture" else "refund",
        key=body.key,
        order_id=body.order_id,
        charge_reference=body.charge_id,
        money=Money(body.amount_minor, body.currency),
        at=body.at,
    )


def _charge(body: ChargeBody, key: str) -> ChargeAnswer:
    if body.key != key:
        return Unknown("another-key")
    if body.status == "captured" and body.captured_minor > 0:
        return Captured(body.id, Money(body.captured_minor, body.currency))
    if body.status == "declined":
        return Declined(DECLINE_REASONS.get(body.decline_code or "", "declined"), body.id)
    return Unknown(f"status-{body.status}")


def _refund(body: OperationBody) -> RefundAnswer:
    if not body.ok:
        return RefundRefused("refused")
    return Refunded(body.id, Money(body.amount_minor, body.currency))


def _refusal(reply: Reply) -> str:
    """The name of a definite refusal; empty when the answer is something else."""
    if reply.status != 422:
        return ""
    body = _parse(ERROR, reply)
    return body.error if isinstance(body, ErrorBody) else ""


def _why(reply: Reply) -> str:
    return f"http-{reply.status}"


def _parse(shape: TypeAdapter[Found], reply: Reply) -> Found | Unknown:
    """The body as ``shape``; the words of one that is not are dropped, it may hold anything."""
    try:
        return shape.validate_json(reply.body)
    except ValidationError:
        return Unknown(f"unexpected-body-{reply.status}")
