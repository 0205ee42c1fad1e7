"""When the line on top is red, exactly when one of these rules is; and when it is in doubt."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

CONSOLE = "console"
LAG_MAX_S = 30.0
OUTBOX_AGE_MAX_S = 60.0
WORK_AGE_MAX_S = 900.0
# A start is followed by the first check within twenty seconds, unless tables are very large.
UNCHECKED_MAX_S = 60.0
WATCH_SILENT_MAX_S = 900.0
WEBHOOK_OVERDUE_MAX_S = 60.0
NAMED_MAX = 3
DECIDED_WITHIN_S = 5.0
# A fifth of the error budget of 1 % gone in an hour, as the alert's fast burn has it.
LATE_SHARE_MAX = 0.144
LATE_ORDERS_MIN = 5
UNKNOWN_SHARE_MAX = 0.2
UNKNOWN_CALLS_MIN = 3

Gauges = Mapping[str, Mapping[str, float]]
"""By metric, without ``orderproof_``, then by the value of its label; unlabelled ones by ``""``."""

Promise = tuple[str, str]
"""A service and the name of an invariant of it."""


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
    ``unchecked_s`` is for how long which promise has been seen unchecked, ``watch_silent_s`` how
    long ago which service last checked anything, both in seconds.
    """

    orders: int = 0
    late: int = 0
    overdue: int = 0
    calls: int = 0
    unknown: int = 0
    unchecked_s: Mapping[Promise, float] = field(default_factory=dict)
    watch_silent_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alarm:
    """``rule`` is its name, ``says`` a sentence, ``runbook`` the page of ``docs/runbooks``."""

    rule: str
    says: str
    runbook: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a ``service`` has not told; ``says`` is a sentence."""

    service: str
    says: str


Rule = Callable[[Sequence[Instance], Level], Iterator[Alarm]]


def alarms(instances: Sequence[Instance], level: Level) -> list[Alarm]:
    """Everything that is red now; nothing when all is well."""
    return [alarm for rule in RULES for alarm in rule(instances, level)]


def doubts(instances: Sequence[Instance], level: Level) -> list[Doubt]:
    """What is not red and not known to be well either."""
    waiting = [one for one, for_s in level.unchecked_s.items() if for_s <= UNCHECKED_MAX_S]
    said = (
        *((service, f"has not checked {names}") for service, names in _by_service(waiting)),
        *((one, "has not said how far behind it reads") for one in _unread(instances)),
        *((one, "gets no answer from its database") for one in _unmeasured(instances)),
    )
    return [Doubt(service, f"{service} {says}.") for service, says in said]


def unchecked(instances: Sequence[Instance]) -> frozenset[Promise]:
    """Promises that no instance has checked: since it was started, or with an answer."""
    seen: dict[float, set[Promise]] = {}
    for one in instances:
        for name, value in one.gauges.get("invariant_unchecked", {}).items():
            seen.setdefault(value, set()).add((one.service, name))
    return frozenset(seen.get(1, set()) - seen.get(0, set()))


def watch_silent_s(instances: Sequence[Instance], now_s: float) -> dict[str, float]:
    """By service, seconds since any instance last checked promises; ``now_s`` is Unix time."""
    newest = worst(instances, "invariants_checked_timestamp_seconds")
    return {service: now_s - at_s for (service, _), at_s in newest.items() if at_s > 0}


def worst(instances: Sequence[Instance], metric: str) -> dict[tuple[str, str], float]:
    """The highest value of ``metric`` by service and label, over its instances."""
    found: dict[tuple[str, str], float] = {}
    for one in instances:
        for label, value in one.gauges.get(metric, {}).items():
            place = (one.service, label)
            found[place] = max(value, found.get(place, value))
    return found


def _unread(instances: Sequence[Instance]) -> list[str]:
    """Services that answer, and of which no instance has measured its lag since its start."""
    answering = {one.service for one in instances if one.answers}
    return sorted(answering - {service for service, _ in worst(instances, "consumer_lag_seconds")})


def _unmeasured(instances: Sequence[Instance]) -> list[str]:
    """Services of which no instance was told what waits in their tables."""
    told: dict[str, set[bool]] = {}
    for one in instances:
        for value in one.gauges.get("backlog_unmeasured", {}).values():
            told.setdefault(one.service, set()).add(value == 0)
    return sorted(service for service, found in told.items() if True not in found)


def _service_down(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for service in sorted({one.service for one in instances if not one.answers}):
        yield Alarm("service-down", f"{service} does not answer", "service-down")


def _invariant_broken(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (service, name), orders in worst(instances, "invariant_violations").items():
        if orders > 0:
            says = f"{service}: {name} is broken by {orders:.0f}"
            yield Alarm("invariant-broken", says, "invariant-broken")


def _unchecked(_: Sequence[Instance], level: Level) -> Iterator[Alarm]:
    late = [one for one, for_s in level.unchecked_s.items() if for_s > UNCHECKED_MAX_S]
    for service, names in _by_service(late):
        says = f"{service} has not checked {names} for more than {UNCHECKED_MAX_S:.0f} s"
        yield Alarm("unchecked", says, "invariant-unchecked")


def _watch_silent(_: Sequence[Instance], level: Level) -> Iterator[Alarm]:
    for service, silent_s in level.watch_silent_s.items():
        if silent_s > WATCH_SILENT_MAX_S:
            says = f"{service} has checked nothing for {silent_s / 60:.0f} minutes"
            yield Alarm("watch-silent", says, "invariants-not-checked")


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
    for (service, group), lag_s in worst(instances, "consumer_lag_seconds").items():
        if lag_s > LAG_MAX_S:
            says = f"{group} reads {lag_s:.0f} s behind"
            old = ": what is shown here of orders is that old" if service == CONSOLE else ""
            yield Alarm("lagging", says + old, "consumer-lagging")


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


def _webhooks_late(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for late_s in worst(instances, "webhook_overdue_seconds").values():
        if late_s > WEBHOOK_OVERDUE_MAX_S:
            says = f"webhooks to endpoints that are well are {late_s:.0f} s late"
            yield Alarm("webhooks-late", says, "webhooks-late")


def _parked(instances: Sequence[Instance], _: Level) -> Iterator[Alarm]:
    for (_service, group), keys in worst(instances, "parked_keys").items():
        if keys > 0:
            yield Alarm("parked", f"{_counted(keys)} parked in {group}", "orders-parked")


def _counted(orders: float) -> str:
    return "1 order is" if orders == 1 else f"{orders:.0f} orders are"


def _by_service(promises: Iterable[Promise]) -> Iterator[tuple[str, str]]:
    """Each service, and its promises in words."""
    for service, group in groupby(sorted(promises), key=itemgetter(0)):
        names = [name for _, name in group]
        more = len(names) - NAMED_MAX
        named = ", ".join(names[:NAMED_MAX])
        yield service, f"{named} and {more} more" if more > 0 else named


RULES: tuple[Rule, ...] = (
    _service_down,
    _invariant_broken,
    _unchecked,
    _watch_silent,
    _overdue,
    _decided_late,
    _provider_unknown,
    _lagging,
    _stopped,
    _outbox_waits,
    _work_waits,
    _webhooks_late,
    _parked,
)
