"""One seed's world: the services, what is outside them, what was done to them and what was seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random
from typing import Any

from inventory.domain.stock import Place
from shared.contracts import topics
from shared.messaging.envelope import Record

from tests.simulation.broker import Broker
from tests.simulation.faults import rates
from tests.simulation.provider import SimulatedProvider
from tests.simulation.seams import Deaths, Job, SimulatedClock
from tests.simulation.system import System
from tests.simulation.themes import theme

ORDERS = range(8, 12)
FAULTS_MIN, DELIVERIES_MIN = 5, 200
SKUS = ("85123A", "22423", "47566")
LOCATIONS = ("york", "leeds")
# A topic that is read, or a worker or timer that acts, much more seldom than others.
SLOW = (None, topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT, topics.ORDERS, "work", "timers")
SELDOM = 0.06


@dataclass
class Profile:
    """What a seed is like: how many orders, how hurried, and which faults how often."""

    orders: int
    deadline_s: float
    steps: int
    rates: dict[str, float]
    declines: float
    cancels: float
    refunds: float
    hurry_s: tuple[float, ...]
    weights: dict[str, float]
    stock: dict[Place, int]
    slow: str | None
    late_cancels: float = 0.0


def profile(rng: Random) -> Profile:
    """Drawn at random; some seeds are about something."""
    drawn = _drawn(rng)
    members, often = theme(rng)
    drawn.rates.update(often)
    if members.pop("plenty", False):
        drawn.stock.update(dict.fromkeys(drawn.stock, 60))
        drawn.weights.update(customer=3.0, warehouse=0.4, work=4.0, answer=5.0)
    return replace(drawn, **members)


def _drawn(rng: Random) -> Profile:
    deadline_s = rng.choice((900.0, 60.0, 20.0))
    often = rates(rng)
    often[rng.choice(sorted(often))] = 0.3
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
        steps=rng.choice((250, 350, 450)),
        rates=often,
        declines=rng.choice((0.0, 0.1, 0.3)),
        cancels=rng.choice((0.1, 0.4, 0.8)),
        refunds=rng.choice((0.0, 0.3)),
        hurry_s=rng.choice(((0.05, 0.5), (0.5, 3.0, 20.0), (0.1, 10.0, 70.0))),
        weights=weights,
        stock={Place(sku, one): rng.choice((2, 6, 30)) for sku in SKUS for one in LOCATIONS},
        slow=rng.choice(SLOW),
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
    parcels: list[str] = field(default_factory=list)
    mailbox: list[tuple[str, str]] = field(default_factory=list)
    strays: int = 0

    def note(self, text: str) -> None:
        self.history.append(text)

    def roll(self, kind: str) -> bool:
        """Whether this fault strikes now; never while the world comes to rest."""
        return not self.calm and self.rng.random() < self.profile.rates[kind]

    def waits(self, what: str) -> bool:
        """Whether this is what is slow in this seed, and it is not its turn."""
        slow = not self.calm and self.profile.slow == what
        return slow and self.rng.random() > SELDOM

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
