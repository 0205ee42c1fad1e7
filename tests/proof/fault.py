"""What a fault is: something done to a running system, and the witness that it was done."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tests.proof.judges.verdict import Violation

if TYPE_CHECKING:
    from tests.proof.arena import Arena

ArenaKind = Literal["one", "two", "cluster", "races", "deadlines"]


@dataclass(frozen=True)
class Witness:
    """What was seen that shows the fault has hit: an exit by signal, a redelivery, a takeover.

    ``kills`` is how many processes were seen to end by SIGKILL; ``broken`` is what the fault itself
    saw go wrong, beside the judges.
    """

    words: str
    kills: int = 0
    broken: tuple[Violation, ...] = ()


Act = Callable[["Arena", random.Random], Awaitable[Witness]]


@dataclass(frozen=True)
class Fault:
    """``act`` returns once the fault is over; without a witness it raises, and the run is void.

    ``needs`` is a program without which it is not run; ``full_only`` is for the long run, once:
    nothing of it is drawn by a seed. ``id`` is the catalogue's (``F12``), with a variant behind a
    dot (``F1.relay-after-ack``). ``options`` of the command line make the same run again.
    """

    id: str
    title: str
    act: Act
    arena: ArenaKind = "one"
    needs: str = ""
    full_only: bool = False
    act_timeout_s: float = 150.0
    options: str = ""

    @property
    def family(self) -> str:
        """The catalogue's id."""
        return self.id.partition(".")[0]

    def again(self, seed: int) -> str:
        """The command of the same run."""
        asked = f"--seed {seed} --only {self.id} {self.options}".rstrip()
        return f"make prove ARGS='{asked}'"
