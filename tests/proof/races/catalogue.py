"""The races that a run holds: each is a fault whose two sides are both right, and meet often."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.proof.arena import Arena
from tests.proof.fault import ArenaKind, Fault, Witness
from tests.proof.races.meetings import Meetings
from tests.proof.races.orders import cancel_capture, cancel_dispatch, deadline_confirm
from tests.proof.races.redrives import redrive_live_event
from tests.proof.races.scarce import last_unit, same_key

PAIRS, PAIRS_FULL = 100, 10_000
WARM_UP_S, PAIRS_PER_S_MIN = 60.0, 5.0


@dataclass(frozen=True)
class Race:
    """``hold`` has all pairs meet; each of ``sides`` must win some, or the run is void.

    ``checked`` is what the race itself looks at, beside the judges. A run with fewer than
    ``PAIRS_PER_S_MIN`` is void, too.
    """

    id: str
    title: str
    hold: Callable[[Meetings], Awaitable[None]]
    sides: tuple[str, str]
    checked: str = ""
    arena: ArenaKind = "races"

    def as_fault(self, pairs: int, tell: Callable[[str], None]) -> Fault:
        """So many pairs of it; ``tell`` hears of how far they are."""

        async def act(arena: Arena, luck: random.Random) -> Witness:
            meetings = Meetings(arena, luck, pairs, tell)
            await self.hold(meetings)
            return meetings.witness(*self.sides)

        return Fault(
            self.id,
            self.title,
            act,
            self.arena,
            act_timeout_s=WARM_UP_S + pairs / PAIRS_PER_S_MIN,
            options=f"--pairs {pairs}",
        )


RACES: tuple[Race, ...] = (
    Race(
        "R1.cancel-capture",
        "a cancellation meets the charge",
        cancel_capture,
        ("charged", "cancelled uncharged"),
    ),
    Race(
        "R2.deadline-confirm",
        "an order's deadline meets its answer",
        deadline_confirm,
        ("confirmed", "expired"),
        arena="deadlines",
    ),
    Race(
        "R3.cancel-dispatch",
        "a cancellation meets the dispatch",
        cancel_dispatch,
        ("sent", "cancelled"),
    ),
    Race(
        "R4.last-unit",
        "two buyers meet at the last unit",
        last_unit,
        ("to the first", "to the second"),
        "of the two orders one is confirmed and one rejected",
    ),
    Race(
        "R5.same-key",
        "50 same requests meet at one Idempotency-Key",
        same_key,
        ("first by orders-0", "first by orders-1"),
        "one of the 50 answers says that it is the first",
    ),
    Race(
        "R6.redrive-live-event",
        "two redrives meet a later event of the order",
        redrive_live_event,
        ("redriven first", "cancelled first"),
        "each parked event is run once, and none is left",
    ),
)


def names() -> set[str]:
    """The ids of races, and what stands before the dot."""
    return {one.id for one in RACES} | {_short(one.id) for one in RACES}


def chosen(only: Sequence[str]) -> list[Race]:
    """The races of the ids in ``only``; all when it is empty."""
    return [one for one in RACES if not only or {one.id, _short(one.id)} & set(only)]


def _short(race_id: str) -> str:
    return race_id.partition(".")[0]
