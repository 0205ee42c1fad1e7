"""When the line on top of the page is red: exactly when one of these rules is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

LAG_MAX_S = 30.0
OUTBOX_AGE_MAX_S = 60.0
WORK_AGE_MAX_S = 900.0
DECIDED_WITHIN_S = 5.0
# A fifth of the error budget of 1 % gone in an hour, as the alert's fast burn has it.
LATE_SHARE_MAX = 0.144
LATE_ORDERS_MIN = 5
UNKNOWN_SHARE_MAX = 0.2
UNKNOWN_CALLS_MIN = 3

Gauges = Mapping[str, Mapping[str, float]]
"""By metric, without ``orderproof_``, then by the value of its label; unlabelled ones by ``""``."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One look at one instance; without an answer its ``gauges`` are empty."""

    service: str
    answers: bool
    gauges: Gauges = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """How it went lately: orders decided in the last five minutes and how many of them late,
    orders past their deadline now, and the provider's answers in the last half minute.
    """

    orders: int = 0
    late: int = 0
    overdue: int = 0
    calls: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Alarm:
    """``rule`` is its name, ``says`` a sentence, ``runbook`` the page of ``docs/runbooks``."""

    rule: str
    says: str
    runbook: str


Rule = Callable[[Sequence[Instance], Level], Iterator[Alarm]]


def alarms(instances: Sequence[Instance], level: Level) -> list[Alarm]:
    """Everything that is red now; nothing when all is well."""
    return [alarm for rule in RULES for alarm in rule(instances, level)]


def worst(instances: Sequence[Instance], metric: str) -> dict[tuple[str, str], float]:
    """The highest value of ``metric`` by service and label, over its instances."""
    found: dict[tuple[str, str], float] = {}
    for one in instances:
        for label, value in one.gauges.get(metric, {}).items():
            place = (one.service, label)
            found[place] = max(value, found.get(place, value))
    return found


def _service_down(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for service in sorted({one.service for one in instances if not one.answers}):
        yield Alarm("service-down", f"{service} does not answer", "service-down")


def _invariant_broken(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (service, name), orders in worst(instances, "invariant_violations").items():
        if orders > 0:
            says = f"{service}: {name} is broken by {orders:.0f}"
            yield Alarm("invariant-broken", says, "invariant-broken")


def _decided_late(_: Sequence[Instance], level: Level) -> Iterator[Alarm]:
    enough = level.late >= LATE_ORDERS_MIN
    if enough and level.late > LATE_SHARE_MAX * level.orders:
        share = 100 * level.late / level.orders
        says = f"{share:.0f} % of orders took more than {DECIDED_WITHIN_S:.0f} s to be decided"
        yield Alarm("decided-late", says, "orders-decided-too-slowly")


def _overdue(_: Sequence[Instance], level: Level) -> Iterator[Alarm]:
    if level.overdue > 0:
        says = f"{_counted(level.overdue)} past the deadline"
        yield Alarm("overdue", says, "order-past-its-deadline")


def _provider_unknown(_: Sequence[Instance], level: Level) -> Iterator[Alarm]:
    if level.unknown >= UNKNOWN_CALLS_MIN and level.unknown > UNKNOWN_SHARE_MAX * level.calls:
        says = f"the payment provider left {level.unknown} of {level.calls} calls unknown"
        yield Alarm("provider-unknown", says, "provider-unknown")


def _lagging(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (_service, group), lag_s in worst(instances, "consumer_lag_seconds").items():
        if lag_s > LAG_MAX_S:
            yield Alarm("lagging", f"{group} reads {lag_s:.0f} s behind", "consumer-lagging")


def _stopped(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (_service, group), stopped in worst(instances, "partition_stopped").items():
        if stopped > 0:
            yield Alarm("stopped", f"{group} has stopped at an error", "partition-stopped")


def _outbox_waits(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (service, _label), age_s in worst(instances, "outbox_oldest_age_seconds").items():
        if age_s > OUTBOX_AGE_MAX_S:
            says = f"{service}'s events have not left for {age_s:.0f} s"
            yield Alarm("outbox-waits", says, "outbox-not-leaving")


def _work_waits(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (service, kind), age_s in worst(instances, "work_oldest_age_seconds").items():
        if age_s > WORK_AGE_MAX_S:
            says = f"{service}: a {kind} is not done for {age_s / 60:.0f} minutes"
            yield Alarm("work-waits", says, "work-not-done")


def _parked(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (_service, group), keys in worst(instances, "parked_keys").items():
        if keys > 0:
            yield Alarm("parked", f"{_counted(keys)} parked in {group}", "orders-parked")


def _counted(orders: float) -> str:
    return "1 order is" if orders == 1 else f"{orders:.0f} orders are"


RULES: tuple[Rule, ...] = (
    _service_down,
    _invariant_broken,
    _overdue,
    _decided_late,
    _provider_unknown,
    _lagging,
    _stopped,
    _outbox_waits,
    _work_waits,
    _parked,
)
