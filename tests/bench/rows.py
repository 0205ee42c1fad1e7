"""What the tables of a run are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.bench.spec import Json

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A table; ``rows`` makes it of the document, none where the document has no such figures."""

    title: str
    head: Row
    rows: Callable[[Json], list[Row]]


def number(value: float | None) -> str:
    """Three digits, or as many as it has and one."""
    return "–" if value is None else f"{value:,.1f}" if value >= 100 else f"{value:.3g}"


def spread_of(one: Json) -> tuple[str, str]:
    """Median and range of a ``figures.spread``."""
    if not one:
        return ("–", "–")
    return number(one["median"]), f"{number(one['low'])} – {number(one['high'])}"


def spenders(cpu: Json) -> str:
    """Who uses how much, most first, without the sum."""
    each = [(name, spent) for name, spent in cpu.items() if name != "total" and spent]
    ordered = sorted(each, key=lambda one: -one[1])
    return ", ".join(f"{name} {spent:g}" for name, spent in ordered)
