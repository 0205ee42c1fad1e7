"""Every way in which a seed hurts the system, and what each means."""

from random import Random

FAULTS = {
    "crash-before-commit": "a consumer dies in its transaction; the records come again",
    "crash-after-commit": "a consumer dies before its offsets move; the records come again",
    "late-instance": "an instance that was thought gone applies its old records again",
    "group-stops": "a consumer group reads nothing for a while",
    "relay-dies-after-ack": "a relay dies after the broker's ack; the records are sent again",
    "relay-sends-late": "a stalled relay sends old records after newer ones",
    "handler-fails": "a handler fails for one event until it is mended; what follows waits",
    "garbage-record": "a stray record under an order's key cannot be read, and is discarded",
    "worker-dies-before-call": "a worker dies after it noted its call and before it made it",
    "worker-dies-after-call": "a worker dies with the answer in its hand",
    "worker-dies-in-commit": "a worker dies before its transaction is committed",
    "lease-lost": "a worker stalls until its lease is somebody else's, then goes on",
    "declined": "the provider declines the charge",
    "wrong-amount": "the provider takes another amount than asked for",
    "http-500": "the provider fails and has done nothing",
    "garbage-answer": "the provider has done it and answers nonsense",
    "no-answer-done": "the provider has done it and does not answer",
    "no-answer-not-done": "the request never arrives",
    "no-answer-done-late": "the request arrives much later than the answer was waited for",
    "inquiry-fails": "the provider does not say what it knows of a key",
    "stale-timer": "a deadline timer stalls between its reading and its transaction",
    "waits-behind-parked": "later events of an order wait behind a record of it that is parked",
}
UNROLLED = frozenset({"waits-behind-parked"})
AT_CALLS = frozenset(
    {
        "worker-dies-before-call",
        "worker-dies-after-call",
        "worker-dies-in-commit",
        "lease-lost",
        "declined",
        "wrong-amount",
        "http-500",
        "garbage-answer",
        "no-answer-done",
        "no-answer-not-done",
        "no-answer-done-late",
        "inquiry-fails",
    }
)
"""Faults that strike a worker, or the call that it makes."""
RATES = (0.0, 0.0, 0.02, 0.1, 0.25)
RATES_PER_RECORD = (0.0, 0.0, 0.01, 0.03, 0.06)
GENTLE = frozenset({"handler-fails", "garbage-record", "group-stops", "worker-dies-in-commit"})


def rates(rng: Random) -> dict[str, float]:
    """A seed has some faults often, some rarely and some never."""
    return {
        kind: rng.choice(RATES_PER_RECORD if kind in GENTLE else RATES) for kind in sorted(FAULTS)
    }
