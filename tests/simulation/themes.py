"""What some seeds are about: rare rows of the orders' table get company there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, TypeAlias

from shared.contracts import topics

Shelves: TypeAlias = Literal["full", "empty"]


@dataclass(frozen=True)
class Theme:
    """Members, rates and weights of a profile that replace those drawn before."""

    members: Mapping[str, Any] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    shelves: Shelves | None = None


def nothing(rng: Random) -> Theme:
    return Theme()


def cancelling(rng: Random) -> Theme:
    """Orders whose goods are about to leave are cancelled, and some money goes back."""
    slow = rng.choice((topics.INVENTORY, topics.FULFILMENT, topics.ORDERS))
    members = {
        "cancels": 0.6,
        "refunds": 0.7,
        "late_cancels": 0.8,
        "slow": frozenset({slow}),
        "deadline_s": rng.choice((900.0, 900.0, 60.0)),
    }
    weights = {"customer": 3.0, "warehouse": 0.4, "work": 4.0, "answer": 5.0}
    return Theme(members, {"wrong-amount": 0.0, "declined": 0.0}, weights, "full")


def refused(rng: Random) -> Theme:
    """One answer is a refusal, the deadline comes before the other."""
    members = {"cancels": 0.1, "deadline_s": 20.0, "hurry_s": (0.5, 3.0, 6.0)}
    if rng.random() < 0.5:
        slow = {"slow": frozenset({topics.PAYMENTS})}
        return Theme(members | slow, {"declined": rng.choice((0.0, 0.4))}, shelves="empty")
    slow = {"slow": frozenset({topics.INVENTORY})}
    shelves: tuple[Shelves | None, ...] = ("full", "empty", None)
    return Theme(members | slow, {"declined": 0.7}, shelves=rng.choice(shelves))


def late_money(rng: Random) -> Theme:
    """Charges arrive when they were given up; or other sums than asked for."""
    members = {
        "slow": frozenset({rng.choice((topics.INVENTORY, topics.INVENTORY, "work"))}),
        "hurry_s": (0.5, 10.0, 70.0),
        "cancels": 0.1,
        "deadline_s": rng.choice((900.0, 900.0, 60.0)),
    }
    rates = {"no-answer-done-late": 0.4, "lease-lost": 0.3, "wrong-amount": rng.choice((0.2, 0.7))}
    return Theme(members, rates)


def stalled_workers(rng: Random) -> Theme:
    """A worker calls while the news of what its successor did is on its way."""
    members = {
        "slow": frozenset({topics.PAYMENTS}),
        "hurry_s": (0.5, 8.0, 20.0),
        "cancels": rng.choice((0.05, 0.8)),
        "deadline_s": rng.choice((20.0, 60.0)),
    }
    rates = {
        "declined": rng.choice((0.1, 0.6)),
        "lease-lost": 0.7,
        "garbage-answer": 0.2,
        "no-answer-done": 0.2,
        "wrong-amount": 0.2,
    }
    weights = {"work": 5.0, "answer": 2.0, "time": 2.0, "timers": 2.0}
    return Theme(members, rates, weights, rng.choice(("full", "empty")))


def parked(rng: Random) -> Theme:
    """Records fail, and people take their time: what comes later waits behind them."""
    rates = {"handler-fails": 0.3, "garbage-record": 0.5, "group-stops": 0.0}
    return Theme({"hurry_s": (0.05, 0.5)}, rates, {"people": 0.3})


THEMES: tuple[Callable[[Random], Theme], ...] = (
    nothing,
    nothing,
    cancelling,
    cancelling,
    refused,
    late_money,
    stalled_workers,
    parked,
)


def theme(rng: Random) -> Theme:
    return rng.choice(THEMES)(rng)
