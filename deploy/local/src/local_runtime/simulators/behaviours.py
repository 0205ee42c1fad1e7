"""How the provider treats a call: the table of test tokens."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

DeclineCode = Literal["card_declined", "insufficient_funds"]


class Delivery(Enum):
    """When the operation is done, and what the caller gets to see of it."""

    ANSWER = auto()
    SLOW = auto()
    ERROR = auto()
    ERROR_THEN_ANSWER = auto()
    HANG_DONE = auto()
    HANG_NOT_DONE = auto()
    DROP_THEN_DO = auto()
    GARBAGE = auto()


@dataclass(frozen=True, slots=True)
class Behaviour:
    delivery: Delivery = Delivery.ANSWER
    decline_code: DeclineCode | None = None
    surplus_minor: int = 0


BEHAVIOURS = {
    "tok_ok": Behaviour(),
    "tok_declined": Behaviour(decline_code="card_declined"),
    "tok_insufficient_funds": Behaviour(decline_code="insufficient_funds"),
    "tok_slow": Behaviour(Delivery.SLOW),
    "tok_timeout_done": Behaviour(Delivery.HANG_DONE),
    "tok_timeout_not_done": Behaviour(Delivery.HANG_NOT_DONE),
    "tok_timeout_done_late": Behaviour(Delivery.DROP_THEN_DO),
    "tok_error_then_ok": Behaviour(Delivery.ERROR_THEN_ANSWER),
    "tok_wrong_amount": Behaviour(surplus_minor=100),
    "tok_garbage": Behaviour(Delivery.GARBAGE),
}
