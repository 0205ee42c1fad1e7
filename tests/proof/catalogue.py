"""The faults that this suite has, and those of the catalogue that it has not yet."""

import shutil
from collections.abc import Sequence

from tests.proof.fault import Fault
from tests.proof.faults import (
    blind,
    brokers,
    consumers,
    messages,
    network,
    partners,
    postgres,
    processes,
    provider,
    restarts,
)

FAULTS: tuple[Fault, ...] = (
    *processes.FAULTS,
    *brokers.FAULTS,
    *restarts.FAULTS,
    *postgres.FAULTS,
    *network.FAULTS,
    *consumers.FAULTS,
    *provider.FAULTS,
    *messages.FAULTS,
    *partners.FAULTS,
    *blind.FAULTS,
)

# The catalogue's faults that a run is to show, each by its id and what it is.
CATALOGUE = {
    "F1": "SIGKILL at every named point, and at any socket write",
    "F2": "SIGTERM in flight",
    "F3": "SIGSTOP, then SIGCONT",
    "F4": "rebalance storm",
    "F5": "one broker killed",
    "F6": "one broker stopped",
    "F7": "two brokers down, below the minimum of in-sync replicas",
    "F8": "all brokers down",
    "F9": "a broker's disk full",
    "F11": "committed offsets deleted",
    "F12": "PostgreSQL killed",
    "F14": "fsync fails",
    "F15": "a connection cut during COMMIT",
    "F16": "PostgreSQL slow, the pool exhausted",
    "F17": "deadlocks",
    "F18": "PostgreSQL read-only",
    "F19": "a long transaction",
    "F20": "the provider does not answer",
    "F21": "the provider answers wrongly",
    "F22": "provider webhooks twice, late and out of order",
    "F23": "a cancellation races the capture",
    "F24": "a cancellation before the order is placed",
    "F28": "clocks that are wrong",
    "F30": "poison records",
    "F31": "the dead-letter topic cannot be written",
    "F33": "partners that are dead, slow, gone or send elsewhere",
    "F34": "everything comes back at once after an outage",
    "F36": "a migration under load, killed half-way",
    "F37": "groups reset to the earliest offset",
    "F38": "every record twice",
    "F40": "two relays by mistake",
}


def names() -> set[str]:
    """Every id and family."""
    return CATALOGUE.keys() | {one.id for one in FAULTS}


def chosen(only: Sequence[str], *, full: bool) -> list[Fault]:
    """The faults of the ids or families in ``only``; all when it is empty."""
    runnable = [one for one in FAULTS if not one.needs or shutil.which(one.needs)]
    if only:
        return [one for one in runnable if {one.id, one.family} & set(only)]
    return [one for one in runnable if full or not one.full_only]


def missing() -> list[str]:
    """The catalogue's faults that no run can show yet, with what they are."""
    have = {one.family for one in FAULTS}
    return [f"{name} ({what})" for name, what in CATALOGUE.items() if name not in have]
