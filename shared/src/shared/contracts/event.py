"""The base of every event: a fact in the past tense, with its type, topic and key."""

from typing import ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A part of an event. Unknown members are ignored, so that owners may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Event(Value):
    """One CloudEvent. ``type`` ends in its version; a new version is a new class."""

    type: ClassVar[str]
    topic: ClassVar[str]
    keyed_by_order: ClassVar[bool] = True

    order_id: str
    tenant: str = "default"

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read the data of a CloudEvent. Raises ``ValueError`` when it has another shape."""
        return cls.model_validate_json(data)

    @property
    def key(self) -> str:
        """The Kafka key: everything of one order stays in one partition."""
        return self.order_id

    @property
    def line_count(self) -> int:
        """How many order lines it brings: the work of a batch grows with them."""
        return 0


class EventType(NamedTuple):
    """``orders.order-placed.v1`` taken apart: the family and its version."""

    family: str
    version: str


def split_type(event_type: str) -> EventType:
    """Split at the last ``.v``; a type without a version has version ``""``."""
    family, _, version = event_type.rpartition(".v")
    return EventType(family, version) if family else EventType(event_type, "")
