"""What some seeds are about: rare rows of the orders' table get company there."""

from random import Random
from typing import Any

from shared.contracts import topics


def theme(rng: Random) -> tuple[dict[str, Any], dict[str, float]]:
    """Members of a profile, and rates of faults, that replace those drawn before; often none."""
    drawn = rng.choice(("none", "deadline", "cancelling", "cancelling", "refused", "late-money"))
    match drawn:
        case "deadline":
            # A timer that stalls meets orders that were decided meanwhile.
            slow = rng.choice((topics.PAYMENTS, topics.INVENTORY, "work", None))
            return {"deadline_s": 20.0, "hurry_s": (0.5, 6.0, 12.0), "slow": slow}, {
                "stale-timer": 0.8
            }
        case "cancelling":
            slow = rng.choice((topics.INVENTORY, topics.FULFILMENT, topics.ORDERS))
            chosen = {"cancels": 0.7, "refunds": 0.7, "late_cancels": 0.8, "slow": slow}
            calm = {"declines": 0.0, "deadline_s": 900.0, "plenty": True}
            return {**chosen, **calm}, {"wrong-amount": 0.0}
        case "refused":
            # One answer is a refusal, the deadline comes before the other.
            slow = rng.choice((topics.INVENTORY, topics.INVENTORY, topics.PAYMENTS))
            chosen = {"declines": 0.4, "cancels": 0.1, "slow": slow, "deadline_s": 20.0}
            return {**chosen, "hurry_s": (0.5, 3.0, 6.0)}, {}
        case "late-money":
            rates = {"no-answer-done-late": 0.4, "lease-lost": 0.3, "wrong-amount": 0.2}
            slow = rng.choice((topics.INVENTORY, "work"))
            return {"slow": slow, "hurry_s": (0.5, 10.0, 70.0), "cancels": 0.1}, rates
        case _:
            return {}, {}
