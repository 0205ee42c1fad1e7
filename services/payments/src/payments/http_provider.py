"""The provider over HTTP: whatever is not a definite answer is unknown, never a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeVar

import aiohttp
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from shared.contracts.payments import DeclineReason
from shared.observability import tracing

from payments.domain.money import Money
from payments.provider import (
    Captured,
    Charge,
    ChargeAnswer,
    Declined,
    NotFound,
    Refund,
    RefundAnswer,
    Refunded,
    RefundRefused,
    Unknown,
)

BODY_BYTES_MAX = 64 * 1024
USER_AGENT = "orderproof-payments"

# Refusals after which the provider has done nothing and will do nothing. Others, like a key that
# was used with another body, say nothing about the operation.
CHARGE_REFUSALS = frozenset({"unknown-token", "invalid-request"})
REFUND_REFUSALS = frozenset({"refund-exceeds-capture", "invalid-request"})
DECLINE_REASONS: Mapping[str, DeclineReason] = {"insufficient_funds": "insufficient-funds"}

Minor = Annotated[int, Field(ge=0, le=2**62)]
Reference = Annotated[str, Field(min_length=1, max_length=255)]
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


class ErrorBody(Body):
    error: str


CHARGE = TypeAdapter(ChargeBody)
OPERATION = TypeAdapter(OperationBody)
ERROR = TypeAdapter(ErrorBody)
CHARGES = TypeAdapter(Annotated[list[ChargeBody], Field(max_length=1)])
OPERATIONS = TypeAdapter(Annotated[list[OperationBody], Field(max_length=1)])

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP answer within ``BODY_BYTES_MAX``."""

    status: int
    body: bytes


@dataclass
class HttpProvider:
    """One session per process, opened by the first call; ``close`` it when the process ends."""

    url: str
    call_timeout_s: float
    connections_max: int
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def charge(self, charge: Charge) -> ChargeAnswer:
        body = {
            "order_id": charge.order_id,
            "amount_minor": charge.money.minor,
            "currency": charge.money.currency,
            "token": charge.token,
            "capture": True,
        }
        reply = await self._send("charge provider", "POST", "/v1/charges", charge.key, body)
        return reply if isinstance(reply, Unknown) else read_charge(reply, charge.key)

    async def refund(self, refund: Refund) -> RefundAnswer:
        path = f"/v1/charges/{refund.charge_reference}/refund"
        body = {"amount_minor": refund.money.minor}
        reply = await self._send("refund provider", "POST", path, refund.key, body)
        return reply if isinstance(reply, Unknown) else read_refund(reply)

    async def find_charge(self, key: str) -> ChargeAnswer:
        reply = await self._send("find charge", "GET", "/v1/charges", key)
        return reply if isinstance(reply, Unknown) else read_found_charge(reply, key)

    async def find_refund(self, key: str) -> RefundAnswer:
        reply = await self._send("find refund", "GET", "/v1/operations", key)
        return reply if isinstance(reply, Unknown) else read_found_refund(reply)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self, name: str, method: str, path: str, key: str, body: Mapping[str, Any] | None = None
    ) -> Reply | Unknown:
        """POST under ``key``, or ask about ``key`` when there is no ``body``."""
        attributes = {"http.request.method": method, "orderproof.provider_key": key}
        with tracing.span(name, SpanKind.CLIENT, attributes=attributes) as span:
            try:
                reply = await self._exchange(method, path, key, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                span.set_attribute("error.type", type(error).__name__)
                return Unknown(type(error).__name__)
            if isinstance(reply, Reply):
                span.set_attribute("http.response.status_code", reply.status)
            return reply

    async def _exchange(
        self, method: str, path: str, key: str, body: Mapping[str, Any] | None
    ) -> Reply | Unknown:
        headers = {"Idempotency-Key": key} if body is not None else {}
        if traceparent := tracing.current_traceparent():
            headers["traceparent"] = traceparent
        async with self._open().request(
            method,
            self.url.rstrip("/") + path,
            headers=headers,
            json=body,
            params={"key": key} if body is None else None,
            allow_redirects=False,
        ) as response:
            raw = await _read(response.content)
            return Unknown("body-too-large") if raw is None else Reply(response.status, raw)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.connections_max),
                timeout=aiohttp.ClientTimeout(total=self.call_timeout_s),
                headers={"User-Agent": USER_AGENT},
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session


async def _read(content: aiohttp.StreamReader) -> bytes | None:
    """The whole body, or ``None`` when it is larger than anything we asked for."""
    raw = bytearray()
    async for chunk in content.iter_any():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            return None
    return bytes(raw)


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
