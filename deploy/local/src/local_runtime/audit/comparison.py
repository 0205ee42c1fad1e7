"""What comparing two records gives, and how what was only on its way is told from what is wrong.

The sides are read one after the other while orders flow, so a first look finds what is under
way. It is looked at again until it is right; only what is wrong in every look is reported.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

WRONG_MAX = 1_000
FIRST_PAUSE_S = 0.5
PAUSE_S_MAX = 4.0


@dataclass
class Reading:
    """``wrong`` says why by id, 1,000 at most; ``beyond`` says what was not compared."""

    compared: int = 0
    wrong: dict[str, str] = field(default_factory=dict)
    beyond: str | None = None

    def note(self, wrong: Mapping[str, str]) -> None:
        for name, why in wrong.items():
            if len(self.wrong) < WRONG_MAX:
                self.wrong.setdefault(name, why)


class Comparison(Protocol):
    """Two records that must agree."""

    @property
    def name(self) -> str: ...

    @property
    def sentence(self) -> str: ...

    async def look(self) -> Reading:
        """Compare everything once."""

    async def look_again(self, ids: Collection[str]) -> Mapping[str, str]:
        """What is wrong now with those that were wrong before."""


@dataclass(frozen=True)
class Outcome:
    """A comparison's result; ``unchecked`` says why there is none."""

    name: str
    sentence: str
    reading: Reading
    unchecked: str | None
    took_s: float

    @property
    def holds(self) -> bool:
        return not self.reading.wrong and self.unchecked is None


async def compare(
    comparison: Comparison,
    grace_s: float,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Outcome:
    """Look, and look again for ``grace_s`` while something is wrong."""
    started = time.monotonic()
    reading, unchecked = Reading(), None
    try:
        reading = await comparison.look()
        await _settle(comparison, reading, grace_s, pause)
    except Exception as error:
        unchecked = f"{type(error).__name__}: {error}"[:200]
    took_s = time.monotonic() - started
    return Outcome(comparison.name, comparison.sentence, reading, unchecked, took_s)


async def _settle(
    comparison: Comparison,
    reading: Reading,
    grace_s: float,
    pause: Callable[[float], Awaitable[None]],
) -> None:
    """Take out of ``reading`` what is right in a later look, until ``grace_s`` have passed."""
    waited_s, pause_s = 0.0, FIRST_PAUSE_S
    while reading.wrong and waited_s < grace_s:
        await pause(pause_s)
        waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, PAUSE_S_MAX)
        now = await comparison.look_again(reading.wrong.keys())
        reading.wrong = {name: now[name] for name in reading.wrong if name in now}
