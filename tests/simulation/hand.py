"""What a process has in hand of the work it makes: rows that are leased to it at their birth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from random import Random

from shared.work.rows import Lease, LeasedRow

WORKERS = ("payments", "notifications")
ROOM = (0.0, 0.5, 1.0)


@dataclass
class SimulatedHand:
    """A worker's side of its transactions; while ``is_open`` it has room as often as ``rng`` says.

    ``born`` is what its process has leased and not begun with.
    """

    rng: Random
    lease: Lease
    is_open: bool = True
    born: list[LeasedRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.room = self.rng.choice(ROOM)

    def promise(self) -> bool:
        return self.is_open and self.rng.random() < self.room

    def take(self, leased: Sequence[LeasedRow], promised: int, waiting: Collection[str]) -> None:
        self.born += leased

    def forget(self, promised: int) -> None:
        """A transaction that fails leaves nothing here, and so nothing that is leased to nobody."""

    def empty(self) -> list[LeasedRow]:
        born, self.born = self.born, []
        return born


def hands_of(seed: int, lease_s: float) -> dict[str, SimulatedHand]:
    """A hand for each service that calls, with a chance of its own."""
    lease = Lease("simulated", lease_s)
    return {one: SimulatedHand(Random(f"{one} {seed}"), lease) for one in WORKERS}
