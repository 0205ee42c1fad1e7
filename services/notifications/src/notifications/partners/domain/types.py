"""The types of events that partners may be told, by name and version."""

from collections.abc import Sequence

from shared.contracts import inventory, topics
from shared.contracts.event import Value, split_type

from notifications.partners.domain.address import ShippingAddressDisclosed

_IN_KAFKA: dict[str, type[Value]] = {
    event.type: event for event in inventory.EVENTS if event.topic == topics.FULFILMENT
}
TYPES: dict[str, type[Value]] = {
    **_IN_KAFKA,
    ShippingAddressDisclosed.type: ShippingAddressDisclosed,
}


def newest(types: Sequence[str]) -> tuple[str, ...]:
    """The highest version of each family, in the order of ``types``."""
    versions: dict[str, int] = {}
    for name in types:
        family, version = split_type(name)
        versions[family] = max(versions.get(family, 0), int(version))
    return tuple(f"{family}.v{version}" for family, version in versions.items())


# What a partner is told that names no types: addresses have to be named.
NEWEST = newest(tuple(_IN_KAFKA))


def known_type(name: str) -> str:
    """Raises ``ValueError`` for a type that nobody is told."""
    if name not in TYPES:
        raise ValueError(f"one of {', '.join(TYPES)}")
    return name
