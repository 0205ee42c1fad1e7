"""One attempt at one delivery: written, signed, sent, judged."""

from datetime import datetime, timedelta

from opentelemetry.trace import SpanKind
from shared.observability import tracing

from notifications.partners.domain.attempts import (
    Answer,
    Delivered,
    GivenUp,
    TryAgain,
    Verdict,
    judge,
)
from notifications.partners.domain.endpoint import Endpoint
from notifications.partners.domain.log import body_for
from notifications.partners.outward import Exchange, Outward
from notifications.partners.signing import SecretUnreadable, Vault, headers_of
from notifications.partners.store.deliveries import Attempted, Due, State


async def call(
    outward: Outward, vault: Vault, endpoint: Endpoint, event_id: str, body: bytes, now: datetime
) -> Exchange:
    """POST ``body`` to ``endpoint``, signed at ``now`` with every secret that is valid then.

    Raises ``SecretUnreadable`` when none of them can be opened.
    """
    secrets = vault.open_any(endpoint.endpoint_id, endpoint.secrets_at(now))
    headers = headers_of(secrets, event_id, int(now.timestamp()), body)
    attributes: tracing.Attributes = {
        "http.request.method": "POST",
        "cloudevents.event_id": event_id,
    }
    with tracing.span("POST webhook", SpanKind.CLIENT, attributes=attributes) as span:
        exchange = await outward.post(endpoint.url, headers, body)
        if exchange.answer.status is not None:
            span.set_attribute("http.response.status_code", exchange.answer.status)
        if exchange.answer.error is not None:
            span.set_attribute("error.type", exchange.answer.error)
    return exchange


async def attempt(
    outward: Outward, vault: Vault, due: Due, now: datetime, spread: float
) -> tuple[Exchange, Verdict, Attempted]:
    """Send what is ``due``, and say what becomes of it."""
    body = body_for(due.scope, due.event)
    try:
        exchange = await call(outward, vault, due.endpoint, due.event.event_id, body, now)
    except SecretUnreadable:
        # A failure like others: it is tried again by the schedule, and the partner can see it.
        exchange = Exchange(Answer(None, "secret-unreadable"), 0.0)
    ended = now + timedelta(seconds=exchange.duration_s)
    verdict = judge(exchange.answer, due.attempts + 1, ended, spread)
    state, not_before = _state_after(verdict, ended)
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
            head=exchange.head,
            body=exchange.body,
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
