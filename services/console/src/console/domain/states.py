"""The way of an order as a row of states: what was, where it is, what would come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from console.domain.picture import STATUS

WAY = ("pending", "confirmed", "shipped", "delivered")
_WORDS = {event.type: word for event, word in STATUS.items() if event.topic == "orders.events.v1"}


@dataclass(frozen=True, slots=True)
class State:
    """``at`` is when the order came there; a state it may still come to has none."""

    name: str
    at: datetime | None
    place: Literal["past", "here", "ahead"]


def states_of(status: str, records: Sequence[Mapping[str, Any]]) -> list[State]:
    """The states the order has been in, in order, and those ahead while it may come there."""
    been = [
        (_WORDS[one["type"]], one["at"])
        for one in sorted(records, key=lambda one: one["sequence"])
        if one["type"] in _WORDS and one["problem"] is None
    ]
    if not been or been[-1][0] != status:
        been.append((status, None))
    states = [State(name, at, "past") for name, at in been[:-1]]
    states.append(State(*been[-1], "here"))
    if status in WAY:
        states += [State(name, None, "ahead") for name in WAY[WAY.index(status) + 1 :]]
    elif status == "partially_shipped":
        states += [State(name, None, "ahead") for name in ("shipped", "delivered")]
    return states
