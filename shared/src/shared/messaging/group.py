"""A consumer group: the topics it reads and the table of which event wakes which handler."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from shared.contracts.event import Event, split_type
from shared.messaging.batch import Batch

# A handler is written for its own event and unit of work; the table pairs it with the event, so
# the plumbing may hand it batches of that event only.
Handler: TypeAlias = Callable[[Batch[Any], Any], Awaitable[None]]


@dataclass(frozen=True)
class ConsumerGroup:
    """``name`` is the Kafka group and the inbox's consumer.

    Batches begin ``interval_s_min`` apart unless they are large, where nobody waits for them.
    """

    name: str
    topics: tuple[str, ...]
    handlers: Mapping[type[Event], Handler]
    interval_s_min: float = 0.0

    @cached_property
    def types(self) -> Mapping[str, type[Event]]:
        return {event.type: event for event in self.handlers}

    @cached_property
    def families(self) -> frozenset[str]:
        return frozenset(split_type(name).family for name in self.types)

    @property
    def wakes(self) -> str:
        """Which event wakes which handler, in words."""
        pairs = self.handlers.items()
        return "; ".join(f"{one.type} → {getattr(does, '__name__', does)}" for one, does in pairs)
