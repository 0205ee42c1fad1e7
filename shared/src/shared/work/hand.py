"""What a process has in hand of the work rows that its own transactions make."""

from collections.abc import Collection, Sequence
from typing import Protocol

from shared.work.rows import Lease, LeasedRow


class Hand(Protocol):
    """A worker's side of its process's transactions."""

    @property
    def lease(self) -> Lease: ...

    def promise(self) -> bool:
        """Whether one more row may be in hand when its transaction has committed."""

    def take(self, leased: Sequence[LeasedRow], promised: int, waiting: Collection[str]) -> None:
        """Perform ``leased``; nothing more of what was ``promised`` comes.

        Other rows were made too, of the orders ``waiting``.
        """

    def forget(self, promised: int) -> None:
        """The transaction failed; whether the database knows of its rows nobody can tell."""
