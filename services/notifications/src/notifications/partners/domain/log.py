"""One event as the partners' log keeps it, and as one partner may see it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

# The one type with personal data: only whom an operator has granted it may be told.
ADDRESS_TYPE = "fulfilment.shipping-address-disclosed.v1"


@dataclass(frozen=True, slots=True)
class LogEvent:
    """``data`` is the event's data as Kafka has it; ``seller_sequences`` go with ``sellers``.

    ``position`` is its place in the log, 0 until it has one; ``traceparent`` is the trace context
    in which it was recorded, empty where there was none.
    """

    event_id: str
    type: str
    tenant: str
    order_id: str
    sequence: int
    sellers: tuple[str, ...]
    seller_sequences: tuple[int, ...]
    occurred_at: str
    data: str = field(repr=False)
    position: int = 0
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose events a partner may see: a tenant's, and of these one seller's if it is one."""

    tenant: str
    seller_id: str | None = None
    sees_addresses: bool = False

    def covers(self, event: LogEvent) -> bool:
        is_its_seller = self.seller_id is None or self.seller_id in event.sellers
        return event.tenant == self.tenant and is_its_seller and self.allows(event.type)

    def allows(self, event_type: str) -> bool:
        return self.sees_addresses or event_type != ADDRESS_TYPE

    def allowed(self, event_types: Iterable[str]) -> list[str]:
        """Those of ``event_types`` that may be told."""
        return [one for one in event_types if self.allows(one)]


def body_for(scope: Scope, event: LogEvent) -> bytes:
    """The JSON that webhooks carry and pages hold: the same bytes each time it is asked for.

    ``{"id", "type", "timestamp", "order_id", "sequence", "data"}``; ``type``, ``timestamp`` and
    ``data`` are those of Standard Webhooks 1.0. A seller's own partner sees its lines alone, and
    numbers of its own, without gaps.
    """
    sequence, data = event.sequence, event.data
    if scope.seller_id is not None:
        sequence = event.seller_sequences[event.sellers.index(scope.seller_id)]
        data = _compact(_only_of(scope.seller_id, json.loads(event.data)))
    attributes = {
        "id": event.event_id,
        "type": event.type,
        "timestamp": event.occurred_at,
        "order_id": event.order_id,
        "sequence": sequence,
    }
    return f'{_compact(attributes)[:-1]},"data":{data}}}'.encode()


def _only_of(seller_id: str, data: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = {**data, "seller_ids": [seller_id]}
    if "lines" in data:
        own["lines"] = [line for line in data["lines"] if line.get("seller_id") == seller_id]
    return own


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
