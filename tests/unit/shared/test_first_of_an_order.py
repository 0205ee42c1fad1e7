"""Of the rows that a transaction makes for an order, only the first may be leased at its birth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.messaging.unit_of_work import Opening, UnitOfWork
from shared.work.rows import Lease, LeasedRow

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Hand:
    """It has room, or not, each time it is asked."""

    room: list[bool]
    lease: Lease = field(default_factory=lambda: Lease("a", 15))

    def promise(self) -> bool:
        return self.room.pop(0)

    def take(self, leased: Sequence[LeasedRow], promised: int, waiting: Collection[str]) -> None:
        raise AssertionError("nothing was committed")

    def forget(self, promised: int) -> None:
        raise AssertionError("nothing has failed")


def leased(*rows: tuple[str, float], room: Sequence[bool]) -> list[bool]:
    """Which of the rows, each an order's and so long put off, ask for a lease."""
    db: Any = None
    work: UnitOfWork[Any] = UnitOfWork(Opening(db, NOW, "", Hand([*room])))
    made = [work.add_work(order_id, "call", {}, delay_s) for order_id, delay_s in rows]
    assert work.promised == sum(row.lease_token is not None for row in made)
    return [row.lease_token is not None for row in made]


def test_each_order_has_one_row_in_hand_while_there_is_room() -> None:
    assert leased(("a", 0), ("a", 0), ("b", 0), room=[True, True]) == [True, False, True]


def test_room_that_comes_after_an_orders_first_row_is_not_for_its_second() -> None:
    """The first waits in the database, and no call of its order may overtake it."""
    assert leased(("a", 0), ("a", 0), ("b", 0), room=[False, True]) == [False, False, True]


def test_a_row_behind_one_that_is_put_off_is_not_in_hand() -> None:
    assert leased(("a", 60), ("a", 0), room=[]) == [False, False]
