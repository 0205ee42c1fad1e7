"""What carriers tell of a parcel: what may follow what, and where the parcel is now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from inventory.domain.order import Illegal, Repeated

ProgressStatus = Literal[
    "in_transit", "out_for_delivery", "ready_for_pickup", "failed_attempt", "returned_to_sender"
]
CarrierStatus = Literal[ProgressStatus, "delivered"]
ShipmentStatus = Literal["dispatched", CarrierStatus]

FINAL: tuple[CarrierStatus, ...] = ("returned_to_sender", "delivered")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One thing a carrier told: when it happened, and when it was heard of."""

    status: CarrierStatus
    occurred_at: datetime
    recorded_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What a carrier tells now; without ``occurred_at`` it happens now."""

    status: CarrierStatus
    occurred_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """It is new: to keep and to tell."""

    checkpoint: Checkpoint


def as_occurred(checkpoints: Iterable[Checkpoint]) -> tuple[Checkpoint, ...]:
    """In the order they happened: carriers tell late, but nothing follows a final status.

    What is said to have happened after it was heard of happened when it was heard of; of two at
    one moment the later heard of is the later.
    """
    return tuple(
        sorted(
            checkpoints,
            key=lambda one: (one.status in FINAL, min(one.occurred_at, one.recorded_at)),
        )
    )


def take_news(
    history: Sequence[Checkpoint], news: News, now: datetime
) -> Recorded | Repeated | Illegal:
    """Whether ``news`` is new to a parcel; ``history`` is as ``as_occurred`` gives it.

    After a final status only the same one may be told again.
    """
    latest = history[-1] if history else None
    if latest is not None and latest.status in FINAL:
        return Repeated() if news.status == latest.status else Illegal(latest.status)
    if news.occurred_at is None and latest is not None and news.status == latest.status:
        return Repeated()
    occurred_at = news.occurred_at or now
    if any((one.status, one.occurred_at) == (news.status, occurred_at) for one in history):
        return Repeated()
    return Recorded(Checkpoint(news.status, occurred_at, now, news.note))
