"""The types of events that partners may be told, by name and version."""

from collections.abc import Sequence

from shared.contracts import inventory, topics
from shared.contracts.event import Event, split_type

TYPES: dict[str, type[Event]] = {
    event.type: event for event in inventory.EVENTS if event.topic == topics.FULFILMENT
}


def newest(types: Sequence[str]) -> tuple[str, ...]:
    """The highest version of each family, in the order of ``types``."""
    versions: dict[str, int] = {}
    for name in types:
        family, version = split_type(name)
        versions[family] = max(versions.get(family, 0), int(version))
    return tuple(f"{family}.v{version}" for family, version in versions.items())


NEWEST = newest(tuple(TYPES))


def known_type(name: str) -> str:
    """Raises ``ValueError`` for a type that nobody is told."""
    if name not in TYPES:
        raise ValueError(f"one of {', '.join(TYPES)}")
    return name
