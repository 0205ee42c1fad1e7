"""Where goods go, told beside the log's other events to those who were granted it."""

import json
from dataclasses import asdict, replace
from hashlib import sha256
from typing import Any, ClassVar

from shared.contracts.event import Value
from shared.contracts.inventory import FulfilmentOrderOpened
from shared.contracts.orders import Address

from notifications.partners.domain.log import ADDRESS_TYPE, LogEvent


class Recipient(Value):
    """All personal data of the event, in one member."""

    address: Address


class ShippingAddressDisclosed(Value):
    """Where the goods of a fulfilment order go. It is never in Kafka, only in the partners' log."""

    type: ClassVar[str] = ADDRESS_TYPE

    order_id: str
    tenant: str = "default"
    fulfilment_order_id: str
    seller_ids: tuple[str, ...] = ()
    personal: Recipient


def disclosure_of(opened: LogEvent, event: FulfilmentOrderOpened) -> LogEvent:
    """What follows ``opened`` in the log, still without the address.

    It has the number of ``opened``, so those who do not see it miss none, and an id that is made
    from the other's, so it is the same whenever it is made.
    """
    data = {
        "order_id": event.order_id,
        "tenant": event.tenant,
        "fulfilment_order_id": event.fulfilment_order_id,
        "seller_ids": event.seller_ids,
    }
    event_id = f"evt_{sha256(f'{opened.event_id} {ADDRESS_TYPE}'.encode()).hexdigest()[:32]}"
    return replace(opened, event_id=event_id, type=ADDRESS_TYPE, data=json.dumps(data))


def disclosed(waiting: LogEvent, address: Address) -> LogEvent:
    """``waiting`` with the address that it waited for."""
    known = json.loads(waiting.data)
    told = ShippingAddressDisclosed(**known, personal=Recipient(address=address))
    return replace(waiting, data=told.model_dump_json())


def packed(waiting: LogEvent) -> dict[str, Any]:
    """As the order's row keeps it until its address is known."""
    return asdict(waiting)


def unpacked(kept: dict[str, Any]) -> LogEvent:
    lists = {name: tuple(one) for name, one in kept.items() if isinstance(one, list)}
    return LogEvent(**{**kept, **lists})
