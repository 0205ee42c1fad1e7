"""The provider over HTTP: whatever is not a definite answer is unknown, never a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import aiohttp
from opentelemetry.trace import SpanKind
from shared.clock import rfc3339
from shared.observability import tracing

from payments.provider import Charge, ChargeAnswer, ListAnswer, Refund, RefundAnswer, Unknown
from payments.provider_answers import (
    PAGE_MAX,
    Reply,
    read_charge,
    read_found_charge,
    read_found_refund,
    read_page,
    read_refund,
)
from payments.restraint import Restraint

BODY_BYTES_MAX = 64 * 1024
USER_AGENT = "orderproof-payments"


@dataclass
class HttpProvider:
    """One session per process, opened by the first call; ``close`` it when the process ends."""

    url: str
    call_timeout_s: float
    connections_max: int
    _restraint: Restraint = field(default_factory=Restraint, repr=False)
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
        reply = await self._send("find charge", "GET", f"/v1/charges?{_query(key=key)}", key)
        return reply if isinstance(reply, Unknown) else read_found_charge(reply, key)

    async def find_refund(self, key: str) -> RefundAnswer:
        reply = await self._send("find refund", "GET", f"/v1/operations?{_query(key=key)}", key)
        return reply if isinstance(reply, Unknown) else read_found_refund(reply)

    async def list_movements(
        self, since: datetime, until: datetime, cursor: str | None
    ) -> ListAnswer:
        window = {"from": rfc3339(since), "to": rfc3339(until), "limit": str(PAGE_MAX)}
        query = _query(**window, **({"after": cursor} if cursor else {}))
        reply = await self._send("list movements", "GET", f"/v1/transactions?{query}", "")
        return reply if isinstance(reply, Unknown) else read_page(reply)

    def room(self) -> int:
        """How many more operations may begin now: few while the provider does not answer."""
        return self._restraint.room(monotonic())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(
        self, name: str, method: str, path: str, key: str, body: Mapping[str, Any] | None = None
    ) -> Reply | Unknown:
        """POST under ``key``, or ask when there is no ``body``."""
        attributes = {"http.request.method": method, "orderproof.provider_key": key}
        with tracing.span(name, SpanKind.CLIENT, attributes=attributes) as span:
            called_at = monotonic()
            self._restraint.called(called_at)
            try:
                reply = await self._exchange(method, path, key, body)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self._restraint.unanswered(monotonic(), called_at)
                span.set_attribute("error.type", type(error).__name__)
                return Unknown(type(error).__name__)
            self._restraint.answered(monotonic())
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


def _query(**parameters: str) -> str:
    return urlencode(parameters)
