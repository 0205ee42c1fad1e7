"""Stock and holds as a picture in memory: what is moved here is written back once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from shared.contracts.inventory import Hold

from inventory.domain.reservation import Available

ON_HAND_MAX = 2**31 - 1  # The column is an integer.

MovementKind = Literal["received", "held", "released", "shipped", "adjusted"]


class Place(NamedTuple):
    sku: str
    location: str


class Level(NamedTuple):
    """Units at one place; ``reserved`` are the part of ``on_hand`` that orders hold."""

    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    def moved(self, units: int, by: "Level") -> "Level":
        return Level(self.on_hand + units * by.on_hand, self.reserved + units * by.reserved)


# What one unit of each movement does to a level: physical stock moves at dispatch, not before.
_EFFECT: Mapping[MovementKind, Level] = MappingProxyType(
    {
        "received": Level(on_hand=1, reserved=0),
        "held": Level(on_hand=0, reserved=1),
        "released": Level(on_hand=0, reserved=-1),
        "shipped": Level(on_hand=-1, reserved=-1),
        "adjusted": Level(on_hand=1, reserved=0),
    }
)


@dataclass(frozen=True, slots=True)
class HeldStock:
    """What one order took of one SKU at one location, in units, and what became of it."""

    order_id: str
    place: Place
    quantity: int
    shipped: int = 0
    released: int = 0

    @property
    def held(self) -> int:
        return self.quantity - self.shipped - self.released


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the stock's history: whose order moved it, or why it was corrected."""

    kind: MovementKind
    place: Place
    quantity: int
    order_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """It was done."""


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """It was not done: units on hand would leave the range from reserved to ``ON_HAND_MAX``."""

    place: Place
    level: Level


Units: TypeAlias = tuple[Place, int]
"""So many units at a place; negative to take some away."""


class Stock:
    """The locked rows of one transaction. Moving a row that was not locked is a ``KeyError``."""

    def __init__(
        self, levels: Mapping[Place, Level] = MappingProxyType({}), holds: Iterable[HeldStock] = ()
    ) -> None:
        self.levels = dict(levels)
        self.movements: list[Movement] = []
        self.changed_holds: dict[tuple[str, Place], HeldStock] = {}
        self._loaded = dict(levels)
        self._holds: dict[str, dict[Place, HeldStock]] = {}
        self._available: dict[str, dict[str, int]] = {}
        for place, level in levels.items():
            self._available.setdefault(place.sku, {})[place.location] = level.available
        for hold in holds:
            self._holds.setdefault(hold.order_id, {})[hold.place] = hold

    @property
    def available(self) -> Available:
        return self._available

    def held(self, order_id: str) -> tuple[Hold, ...]:
        """What the order holds now, by SKU and location."""
        return tuple(
            Hold(sku=place.sku, location=place.location, quantity=hold.held)
            for place, hold in sorted(self._holds.get(order_id, {}).items())
            if hold.held
        )

    def take(self, order_id: str, holds: Iterable[Hold]) -> None:
        """Hold units for an order that holds none yet."""
        for hold in holds:
            place = Place(hold.sku, hold.location)
            self._move(Movement("held", place, hold.quantity, order_id))
            self._keep(HeldStock(order_id, place, hold.quantity))

    def give_back(self, order_id: str) -> tuple[Hold, ...]:
        """Release all that the order holds; gives what that was."""
        holds = self.held(order_id)
        for hold in holds:
            before = self._take_out("released", order_id, hold)
            self._keep(replace(before, released=before.released + hold.quantity))
        return holds

    def ship(self, order_id: str, holds: Iterable[Hold]) -> None:
        """Send out units that the order holds."""
        for hold in holds:
            before = self._take_out("shipped", order_id, hold)
            self._keep(replace(before, shipped=before.shipped + hold.quantity))

    def receive(self, receipts: Iterable[Units]) -> Moved | OutOfRange:
        """Put units on the shelves: all of them, or none."""
        return self._count([Movement("received", place, n) for place, n in _summed(receipts)])

    def adjust(self, corrections: Iterable[Units], reason: str) -> Moved | OutOfRange:
        """Correct units on hand after a count, up or down: all of them, or none."""
        return self._count(
            [Movement("adjusted", place, n, reason=reason) for place, n in _summed(corrections)]
        )

    def changes(self) -> dict[Place, Level]:
        """By how much each level differs from what was loaded."""
        return {
            place: level.moved(-1, self._loaded[place])
            for place, level in self.levels.items()
            if level != self._loaded[place]
        }

    def saved(self) -> None:
        """All that was moved is written: start to remember anew."""
        self._loaded = dict(self.levels)
        self.movements, self.changed_holds = [], {}

    def _count(self, movements: Sequence[Movement]) -> Moved | OutOfRange:
        for one in movements:
            after = self._after(one)
            if not after.reserved <= after.on_hand <= ON_HAND_MAX:
                return OutOfRange(one.place, self.levels[one.place])
        for one in movements:
            self._move(one)
        return Moved()

    def _take_out(self, kind: MovementKind, order_id: str, hold: Hold) -> HeldStock:
        place = Place(hold.sku, hold.location)
        before = self._holds[order_id][place]
        assert hold.quantity <= before.held, f"{order_id} holds {before.held} at {place}"
        self._move(Movement(kind, place, hold.quantity, order_id))
        return before

    def _after(self, movement: Movement) -> Level:
        return self.levels[movement.place].moved(movement.quantity, _EFFECT[movement.kind])

    def _move(self, movement: Movement) -> None:
        place, level = movement.place, self._after(movement)
        self.levels[place] = level
        self._available[place.sku][place.location] = level.available
        self.movements.append(movement)

    def _keep(self, hold: HeldStock) -> None:
        self._holds.setdefault(hold.order_id, {})[hold.place] = hold
        self.changed_holds[hold.order_id, hold.place] = hold


def _summed(units: Iterable[Units]) -> list[Units]:
    """One entry for each place, the places in order; those that come to nothing are left out."""
    sums: dict[Place, int] = {}
    for place, quantity in units:
        sums[place] = sums.get(place, 0) + quantity
    return [(place, quantity) for place, quantity in sorted(sums.items()) if quantity]
