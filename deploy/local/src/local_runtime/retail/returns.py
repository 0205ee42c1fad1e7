"""Cancellations matched to what the customer bought before: the returns to come."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from local_runtime.retail.lines import Line


@dataclass
class Lot:
    """What is left of one order's units of one SKU."""

    reference: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Return:
    """A ``C…`` invoice; amounts are in pence, at the price that the cancellation gives.

    ``orders`` are the units that come back by the reference of the order they were bought in.
    """

    invoice: str
    customer: str | None
    matched_quantity: int
    matched_minor: int
    unmatched_quantity: int
    unmatched_minor: int
    orders: Mapping[str, int]


@dataclass
class Purchases:
    """What each customer has bought and not yet returned, the oldest first."""

    _lots: dict[tuple[str, str], deque[Lot]] = field(default_factory=lambda: defaultdict(deque))

    def bought(self, customer: str | None, reference: str, units: Mapping[str, int]) -> None:
        """Note an order; a guest's is not noted, for nobody can be recognised by it."""
        if customer is None:
            return
        for sku, quantity in units.items():
            self._lots[customer, sku].append(Lot(reference, quantity))

    def take_back(self, invoice: str, customer: str | None, lines: Sequence[Line]) -> Return:
        """Match a cancellation line by line; what is matched cannot be returned again."""
        matched: dict[str, int] = defaultdict(int)
        quantity = minor = 0
        for line in lines:
            taken = self._take(customer, line)
            for reference, units in taken:
                matched[reference] += units
                quantity += units
                minor += units * line.unit_price_minor
        return Return(
            invoice=invoice,
            customer=customer,
            matched_quantity=quantity,
            matched_minor=minor,
            unmatched_quantity=_units(lines) - quantity,
            unmatched_minor=sum(line.amount_minor for line in lines) - minor,
            orders=dict(matched),
        )

    def _take(self, customer: str | None, line: Line) -> list[tuple[str, int]]:
        taken: list[tuple[str, int]] = []
        lots = self._lots.get((customer or "", line.sku), deque())
        left = line.quantity
        while left and lots:
            units = min(left, lots[0].quantity)
            taken.append((lots[0].reference, units))
            lots[0].quantity -= units
            left -= units
            if not lots[0].quantity:
                lots.popleft()
        return taken


def _units(lines: Iterable[Line]) -> int:
    return sum(line.quantity for line in lines)
