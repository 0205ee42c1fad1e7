"""One seed's world: the services, what is outside them, what was done to them and what was seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random
from typing import Any

from inventory.domain.stock import Place
from shared.contracts import topics
from shared.messaging.envelope import Record

from tests.simulation.broker import Broker
from tests.simulation.faults import AT_CALLS, UNROLLED, rates
from tests.simulation.hand import SimulatedHand
from tests.simulation.provider import SimulatedProvider
from tests.simulation.seams import Deaths, Job, SimulatedClock
from tests.simulation.system import System
from tests.simulation.themes import Theme, theme

ORDERS = range(7, 10)
FAULTS_MIN, DELIVERIES_MIN = 5, 200
SKUS = ("85123A", "22423", "47566")
LOCATIONS = ("york", "leeds")
DRILLED_SKU, DEADLINE_DRILLED_S = "90210", 60.0
# A topic that is read, or a worker or timer that acts, much more seldom than others.
SLOW = ("", topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT, topics.ORDERS, "work", "timers")
SELDOM, OFTEN = 0.06, 0.3
SHELVES = {"full": 60, "empty": 1}
# To be struck by the one, an order must first be struck by another.
NEEDS = {"inquiry-fails": ("no-answer-not-done",)}


@dataclass
class Profile:
    """What a seed is like: how many orders, how hurried, and which faults how often."""

    orders: int
    deadline_s: float
    steps: int
    rates: dict[str, float]
    cancels: float
    refunds: float
    hurry_s: tuple[float, ...]
    weights: dict[str, float]
    stock: dict[Place, int]
    slow: frozenset[str]
    late_cancels: float = 0.0


def profile(rng: Random, fault: str) -> Profile:
    """Drawn at random; some seeds are about something, and one fault strikes often.

    A drill's call that goes wrong must have time to be made again.
    """
    drawn, about = _drawn(rng), theme(rng)
    drawn.rates.update(about.rates)
    drawn.weights.update(about.weights)
    _often(rng, drawn, about)
    if about.shelves is not None:
        shelves = [one for one in drawn.stock if one.sku != DRILLED_SKU]
        drawn.stock.update(dict.fromkeys(shelves, SHELVES[about.shelves]))
    chosen = replace(drawn, **about.members)
    hurried = fault in AT_CALLS and chosen.deadline_s < DEADLINE_DRILLED_S
    return replace(chosen, deadline_s=DEADLINE_DRILLED_S) if hurried else chosen


def _often(rng: Random, drawn: Profile, about: Theme) -> None:
    """A fault that the theme has something to say of stays as it is."""
    kind = rng.choice(sorted(drawn.rates.keys() - UNROLLED))
    for one in {kind, *NEEDS.get(kind, ())} - about.rates.keys():
        drawn.rates[one] = OFTEN
    if kind in ("garbage-record", "handler-fails"):
        drawn.weights["people"] = 2.0


def _drawn(rng: Random) -> Profile:
    deadline_s = rng.choice((900.0, 60.0, 20.0))
    often = {**rates(rng), "declined": rng.choice((0.0, 0.1, 0.3))}
    weights = {
        "submit": 2.0,
        "relay": rng.choice((4.0, 8.0)),
        "deliver": rng.choice((6.0, 10.0)),
        "work": rng.choice((1.0, 3.0)),
        "answer": rng.choice((2.0, 4.0)),
        "customer": 1.0,
        "warehouse": rng.choice((1.0, 3.0)),
        "timers": 0.7,
        "time": rng.choice((0.7, 2.0)),
        "people": rng.choice((0.3, 1.5)),
        "late": 0.7,
    }
    return Profile(
        orders=rng.choice(ORDERS),
        deadline_s=deadline_s,
        steps=rng.choice((200, 300, 400)),
        rates=often,
        cancels=rng.choice((0.1, 0.4, 0.8)),
        refunds=rng.choice((0.0, 0.3)),
        hurry_s=rng.choice(((0.05, 0.5), (0.5, 3.0, 20.0), (0.1, 10.0, 70.0))),
        weights=weights,
        stock={Place(sku, one): rng.choice((2, 6, 30)) for sku in SKUS for one in LOCATIONS}
        | {Place(DRILLED_SKU, LOCATIONS[0]): 50},
        slow=frozenset({rng.choice(SLOW)}),
    )


@dataclass(repr=False)
class World:
    """``struck`` says which faults an order has met, by its id or by its reference."""

    seed: int
    rng: Random
    profile: Profile
    clock: SimulatedClock
    provider: SimulatedProvider
    deaths: Deaths
    system: System
    hands: Mapping[str, SimulatedHand]
    broker: Broker = field(default_factory=Broker)
    history: list[str] = field(default_factory=list)
    struck: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    faults: Counter[str] = field(default_factory=Counter)
    hits: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    calm: bool = False
    deliveries: int = 0
    submitted: dict[str, dict[str, Any]] = field(default_factory=dict)
    placed: list[str] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    old: list[tuple[str, list[Record]]] = field(default_factory=list)
    stopped: dict[str, int] = field(default_factory=dict)
    unsent_late: list[Any] = field(default_factory=list)
    stale: list[list[str]] = field(default_factory=list)
    stalled_until: int = 0
    may_park: set[tuple[str, bytes]] = field(default_factory=set)
    garbage: set[tuple[str, bytes]] = field(default_factory=set)
    waiting: set[tuple[str, bytes]] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    armed: dict[str, str] = field(default_factory=dict)
    drilled: set[str] = field(default_factory=set)
    parcels: list[str] = field(default_factory=list)
    mailbox: list[tuple[str, str]] = field(default_factory=list)
    strays: int = 0

    def note(self, text: str) -> None:
        self.history.append(text)

    def roll(self, kind: str, keys: Iterable[str], call: str = "") -> bool:
        """Whether this fault strikes these keys now.

        While the world comes to rest only a drill's does, once, and the drill's order alone.
        """
        if kind in self.armed and self.armed[kind] in call and not self.drilled.isdisjoint(keys):
            del self.armed[kind]
            return True
        return not self.calm and self.rng.random() < self.profile.rates[kind]

    def waits(self, what: str) -> bool:
        """Whether this is what is slow in this seed, and it is not its turn."""
        slow = not self.calm and what in self.profile.slow
        return what in self.held or (slow and self.rng.random() > SELDOM)

    def strike(self, kind: str, keys: Iterable[str]) -> None:
        self.faults[kind] += 1
        for key in keys:
            self.struck[key].add(kind)
        self.note(f"  fault: {kind}")

    def wrong(self, text: str) -> None:
        self.violations.append(text)
        self.note(f"  WRONG: {text}")

    def count_rows(self) -> None:
        """Which rows of the orders' table were used since, and by orders that met which fault."""
        for status, fact, order_id in self.system.used:
            row = (str(status), fact.__name__)
            self.rows[row] += 1
            self.note(f"  {order_id[-6:]} {row[0]} {row[1]}")
            for kind in self.struck[order_id]:
                self.hits[(*row, kind)] += 1
        self.system.used.clear()

    @property
    def digest(self) -> str:
        return blake2b("\n".join(self.history).encode(), digest_size=8).hexdigest()
