"""All events by their type, to read records and to write docs/events.md."""

from collections.abc import Mapping
from types import MappingProxyType

from shared.contracts import inventory, orders, payments, storefront
from shared.contracts.event import Event, split_type

EVENTS: Mapping[str, type[Event]] = MappingProxyType(
    {
        event.type: event
        for owner in (storefront, orders, payments, inventory)
        for event in owner.EVENTS
    }
)

FAMILIES = frozenset(split_type(name).family for name in EVENTS)
