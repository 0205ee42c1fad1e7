"""What is measured on one system, and what was found so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.bench.measuring import Meter
from tests.bench.orders import Shape
from tests.bench.spec import Intake, Json

# What is searched for: the first is the one that ratios are told of.
Load: TypeAlias = tuple[Intake, Shape]
LOADS: tuple[Load, ...] = (
    ("kafka", "standard"),
    ("http", "standard"),
    ("kafka", "retail"),
)


@dataclass
class Run:
    """What was found so far. ``sustained`` are rates by intake, of standard orders.

    ``closed_orders_s`` is what the last closed loop did; ``rate`` is the one that was asked for.
    """

    meter: Meter
    found: Json = field(default_factory=dict)
    sustained: dict[Intake, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    closed_orders_s: float = 0.0
    loads: Sequence[Load] = LOADS
    rate: float | None = None
