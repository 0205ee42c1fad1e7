"""Batches and rounds: a handler sees many orders at once, and never two events of one order."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

from shared.contracts.event import Event

E = TypeVar("E", bound=Event, covariant=True)


class Batch(Sequence[E], Generic[E]):
    """Events of one type, each of another order."""

    def __init__(self, events: Iterable[E]) -> None:
        self._events = tuple(events)

    @overload
    def __getitem__(self, index: int) -> E: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[E]: ...
    def __getitem__(self, index: int | slice) -> E | Sequence[E]:
        return self._events[index]

    def __len__(self) -> int:
        return len(self._events)


def rounds(events: Sequence[Event]) -> Iterator[list[Batch[Event]]]:
    """Round *k* holds the *k*-th event of each key, one ``Batch`` for each type.

    Within a key the order of ``events`` is kept; across keys there is none to keep.
    """
    seen: dict[str, int] = {}
    by_round: list[dict[type[Event], list[Event]]] = []
    for event in events:
        turn = seen.get(event.key, 0)
        seen[event.key] = turn + 1
        if turn == len(by_round):
            by_round.append({})
        by_round[turn].setdefault(type(event), []).append(event)
    for one in by_round:
        yield [Batch(same_type) for same_type in one.values()]
