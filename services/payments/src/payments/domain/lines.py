"""Refunds by line: which of an order's units are given back, and what they cost."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; of its units the price of ``refunded`` is given back, or will be."""

    number: int
    sku: str
    quantity: int
    unit_price_minor: int
    refunded: int = 0

    @property
    def left(self) -> int:
        return self.quantity - self.refunded


@dataclass(frozen=True, slots=True)
class Units:
    """So many units of the line with this number."""

    line_number: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Priced:
    """Which units of which lines, and what was paid for them."""

    units: tuple[Units, ...]
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Exceeds:
    """More of a SKU than the order has and has not been given back; ``left`` is what it has."""

    sku: str
    asked: int
    left: int


def price_refund(lines: Sequence[Line], wanted: Mapping[str, int]) -> Priced | Exceeds:
    """Units by SKU, taken from the order's lines as they come: a SKU may have several prices."""
    units: list[Units] = []
    amount_minor = 0
    for sku, asked in wanted.items():
        rest = asked
        for line in lines:
            taken = min(rest, line.left) if line.sku == sku else 0
            if taken > 0:
                units.append(Units(line.number, taken))
                amount_minor += taken * line.unit_price_minor
                rest -= taken
        if rest > 0:
            return Exceeds(sku, asked, asked - rest)
    return Priced(tuple(units), amount_minor)


def units_by_sku(wanted: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The same SKU twice counts together."""
    units: dict[str, int] = {}
    for sku, quantity in wanted:
        units[sku] = units.get(sku, 0) + quantity
    return units
