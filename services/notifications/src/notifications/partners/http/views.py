"""The shapes of what partners and operators are answered."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from shared.clock import rfc3339

from notifications.partners.domain.destination import without_secrets
from notifications.partners.domain.endpoint import Endpoint
from notifications.partners.domain.partner import Key, KeyScope, Partner
from notifications.partners.outward import Exchange
from notifications.partners.signing import Secret
from notifications.partners.store.replays import LoggedAttempt, LoggedDelivery, OrderDelivery


class KeyView(BaseModel):
    key_id: str
    scopes: list[KeyScope]
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class PartnerView(BaseModel):
    partner_id: str
    name: str
    seller_id: str | None
    event_types: list[str]
    created_at: str
    contact_email: str | None
    sees_addresses: bool
    keys: list[KeyView]


class PartnersView(BaseModel):
    partners: list[PartnerView]
    next_cursor: str | None


class KeyTold(KeyView):
    """``key`` is told this once; only its hash is kept."""

    key: str


class PartnerAdded(PartnerView):
    """``key`` is told this once; only its hash is kept."""

    key: str


class EndpointView(BaseModel):
    endpoint_id: str
    url: str
    description: str
    event_types: list[str]
    seller_id: str | None
    rate_per_s: int
    concurrency_max: int
    enabled: bool
    disabled_reason: str | None
    disabled_at: str | None
    failing_since: str | None
    created_at: str
    previous_secret_until: str | None


class EndpointTold(EndpointView):
    """``secret`` is told this once; it verifies ``v1``, ``public_key`` verifies ``v1a``."""

    secret: str
    public_key: str


class EndpointsView(BaseModel):
    endpoints: list[EndpointView]
    next_cursor: str | None


class DeliveryView(BaseModel):
    """``next_attempt_at`` of one that is open; ``waiting`` is behind an earlier of its order."""

    delivery_id: str
    event_id: str
    order_id: str
    type: str
    state: str
    attempts: int
    next_attempt_at: str | None
    created_at: str
    ended_at: str | None


class DeliveriesView(BaseModel):
    deliveries: list[DeliveryView]
    next_cursor: str | None


class OrderDeliveryView(DeliveryView):
    """``next_attempt_at`` only when one is to come by itself: pending, to an enabled endpoint.

    ``partner`` and ``url`` are null once the endpoint was removed; ``url`` is without its query.
    """

    partner: str | None
    endpoint_id: str
    url: str | None
    endpoint_enabled: bool
    last_attempt_at: str | None
    last_status: int | None
    last_error: str | None


class OrderDeliveriesView(BaseModel):
    deliveries: list[OrderDeliveryView]
    next_cursor: str | None


class AttemptView(BaseModel):
    sent_at: str
    duration_ms: int
    status: int | None
    error: str | None
    response_head: str
    response_body: str


class DeliveryDetail(DeliveryView):
    """The request was ``body``, with the headers of Standard Webhooks 1.0.

    It is null when the event is kept no more, and for what holds an address.
    """

    body: str | None
    attempt_log: list[AttemptView]


class ReplayView(BaseModel):
    """``next_cursor`` when there is more: ask again with it."""

    replayed: int
    next_cursor: str | None


class TestView(BaseModel):
    """What the endpoint answered to the test event just sent."""

    event_id: str
    received: bool
    status: int | None
    error: str | None
    duration_ms: int
    response_head: str
    response_body: str


def key_view(key: Key) -> KeyView:
    return KeyView(
        key_id=key.key_id,
        scopes=list(key.scopes),
        created_at=rfc3339(key.created_at),
        expires_at=_maybe(key.expires_at),
        revoked_at=_maybe(key.revoked_at),
    )


def partner_view(partner: Partner, keys: Sequence[Key]) -> PartnerView:
    return PartnerView(
        partner_id=partner.partner_id,
        name=partner.name,
        seller_id=partner.seller_id,
        event_types=list(partner.event_types),
        created_at=rfc3339(partner.created_at),
        contact_email=partner.contact_email,
        sees_addresses=partner.sees_addresses,
        keys=[key_view(one) for one in keys],
    )


def endpoint_view(endpoint: Endpoint) -> EndpointView:
    return EndpointView(
        endpoint_id=endpoint.endpoint_id,
        url=endpoint.url,
        description=endpoint.description,
        event_types=list(endpoint.event_types),
        seller_id=endpoint.seller_id,
        rate_per_s=endpoint.rate_per_s,
        concurrency_max=endpoint.concurrency_max,
        enabled=endpoint.disabled_at is None,
        disabled_reason=endpoint.disabled_reason,
        disabled_at=_maybe(endpoint.disabled_at),
        failing_since=_maybe(endpoint.failing_since),
        created_at=rfc3339(endpoint.created_at),
        previous_secret_until=_maybe(endpoint.previous_until),
    )


def endpoint_told(endpoint: Endpoint, secret: Secret) -> EndpointTold:
    view = endpoint_view(endpoint).model_dump()
    return EndpointTold(**view, secret=secret.text, public_key=secret.public_key)


def delivery_view(delivery: LoggedDelivery) -> DeliveryView:
    is_open = delivery.state in ("pending", "waiting")
    return DeliveryView(
        delivery_id=str(delivery.delivery_id),
        event_id=delivery.event_id,
        order_id=delivery.order_id,
        type=delivery.type,
        state=delivery.state,
        attempts=delivery.attempts,
        next_attempt_at=rfc3339(delivery.not_before) if is_open else None,
        created_at=rfc3339(delivery.created_at),
        ended_at=_maybe(delivery.ended_at),
    )


def order_delivery_view(one: OrderDelivery) -> OrderDeliveryView:
    seen = delivery_view(one.delivery).model_dump()
    is_to_come = one.delivery.state == "pending" and one.is_enabled
    return OrderDeliveryView(
        **{**seen, "next_attempt_at": seen["next_attempt_at"] if is_to_come else None},
        partner=one.partner,
        endpoint_id=one.endpoint_id,
        url=None if one.url is None else without_secrets(one.url),
        endpoint_enabled=one.url is not None and one.is_enabled,
        last_attempt_at=_maybe(one.sent_at),
        last_status=one.status,
        last_error=one.error,
    )


def attempt_view(attempt: LoggedAttempt) -> AttemptView:
    return AttemptView(
        sent_at=rfc3339(attempt.sent_at),
        duration_ms=attempt.duration_ms,
        status=attempt.status,
        error=attempt.error,
        response_head=attempt.response_head,
        response_body=attempt.response_body,
    )


def test_view(event_id: str, exchange: Exchange) -> TestView:
    return TestView(
        event_id=event_id,
        received=exchange.answer.received,
        status=exchange.answer.status,
        error=exchange.answer.error,
        duration_ms=int(exchange.duration_s * 1000),
        response_head=exchange.head,
        response_body=exchange.body,
    )


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
