"""Which units an order takes: every line of it, or none."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from shared.contracts.inventory import Hold
from shared.contracts.inventory import Shortage as Missing

Available: TypeAlias = Mapping[str, Mapping[str, int]]
"""Free units by SKU, then by location."""


class Line(Protocol):
    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Reserved:
    """Enough of everything: what to take from where."""

    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class Shortage:
    """Not enough of at least one SKU: nothing is taken."""

    missing: tuple[Missing, ...]


def plan_reservation(lines: Iterable[Line], available: Available) -> Reserved | Shortage:
    """Spread the lines over the locations, in location order; two lines of a SKU count together."""
    requested = units_by_sku(lines)
    missing = tuple(
        Missing(sku=sku, requested=units, available=free)
        for sku, units in requested.items()
        if units > (free := sum(available.get(sku, {}).values()))
    )
    if missing:
        return Shortage(missing)
    return Reserved(
        tuple(hold for sku, units in requested.items() for hold in _spread(sku, units, available))
    )


def units_by_sku(lines: Iterable[Line]) -> dict[str, int]:
    """The units of each SKU over all lines, in SKU order."""
    units: dict[str, int] = {}
    for line in lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return dict(sorted(units.items()))


def _spread(sku: str, units: int, available: Available) -> Iterator[Hold]:
    for location, free in sorted(available[sku].items()):
        taken = min(units, free)
        if taken > 0:
            yield Hold(sku=sku, location=location, quantity=taken)
            units -= taken
