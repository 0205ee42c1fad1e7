"""One attempt at one delivery: written, signed, sent, judged."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from opentelemetry.trace import Span, SpanKind, StatusCode
from shared.observability import tracing

from notifications.partners.domain.attempts import (
    Answer,
    Delivered,
    GivenUp,
    TryAgain,
    Verdict,
    judge,
)
from notifications.partners.domain.destination import DEFAULT_PORTS, without_secrets
from notifications.partners.domain.endpoint import Endpoint
from notifications.partners.domain.log import ADDRESS_TYPE, LogEvent, body_for
from notifications.partners.outward import Exchange, Outward
from notifications.partners.signing import SecretUnreadable, Vault, headers_of
from notifications.partners.store.deliveries import Attempted, Due, State


async def call(
    outward: Outward, vault: Vault, endpoint: Endpoint, event: LogEvent, body: bytes, now: datetime
) -> Exchange:
    """POST ``body`` to ``endpoint``, signed at ``now`` with every secret that is valid then."""
    try:
        secrets = vault.open_any(endpoint.endpoint_id, endpoint.secrets_at(now))
    except SecretUnreadable:
        # A failure like others: it is tried again by the schedule, and the partner can see it.
        return Exchange(Answer(None, "secret-unreadable"), 0.0)
    headers = headers_of(secrets, event.event_id, int(now.timestamp()), body)
    told = _attributes(endpoint, event)
    with tracing.span("POST webhook", SpanKind.CLIENT, event.traceparent, told) as span:
        exchange = await outward.post(endpoint.url, headers, body)
        _tell_answer(span, exchange.answer)
    return exchange


def _attributes(endpoint: Endpoint, event: LogEvent) -> tracing.Attributes:
    """Of an HTTP client's span (OpenTelemetry semantic conventions 1.27), and whose it is."""
    url = urlsplit(without_secrets(endpoint.url))
    return {
        "http.request.method": "POST",
        "url.full": url.geturl(),
        "server.address": url.hostname or "",
        "server.port": url.port or DEFAULT_PORTS.get(url.scheme, 0),
        "orderproof.order_id": event.order_id,
        "orderproof.endpoint_id": endpoint.endpoint_id,
        "cloudevents.event_id": event.event_id,
        "cloudevents.event_type": event.type,
    }


def _tell_answer(span: Span, answer: Answer) -> None:
    """A status that is an error names itself, as the conventions say of clients."""
    if answer.status is not None:
        span.set_attribute("http.response.status_code", answer.status)
    if not answer.received:
        span.set_attribute("error.type", answer.error or str(answer.status))
        span.set_status(StatusCode.ERROR)


async def attempt(
    outward: Outward, vault: Vault, due: Due, now: datetime, spread: float
) -> tuple[Exchange, Verdict, Attempted]:
    """Send what is ``due``, and say what becomes of it."""
    body = body_for(due.scope, due.event)
    exchange = await call(outward, vault, due.endpoint, due.event, body, now)
    ended = now + timedelta(seconds=exchange.duration_s)
    verdict = judge(exchange.answer, due.attempts + 1, ended, spread)
    state, not_before = _state_after(verdict, ended)
    # A receiver may echo what it was sent, and the delivery log is read by others.
    is_personal = due.event.type == ADDRESS_TYPE
    return (
        exchange,
        verdict,
        Attempted(
            delivery_id=due.delivery_id,
            token=due.token,
            endpoint_id=due.endpoint.endpoint_id,
            order_id=due.event.order_id,
            state=state,
            not_before=not_before,
            sent_at=now,
            duration_ms=int(exchange.duration_s * 1000),
            status=exchange.answer.status,
            error=exchange.answer.error,
            head="" if is_personal else exchange.head,
            body="" if is_personal else exchange.body,
        ),
    )


def _state_after(verdict: Verdict, now: datetime) -> tuple[State, datetime]:
    match verdict:
        case Delivered():
            return "delivered", now
        case TryAgain(at=at):
            return "pending", at
        case GivenUp():
            return "failed", now
