"""Looks at every instance of every service: does it answer, and what do its gauges say."""

import asyncio
import math
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families
from shared.observability import metrics

from console.backends import Answer, Backends
from console.domain.alarms import CONSOLE, Gauges, Instance

PREFIX = "orderproof_"
GAUGES = frozenset(
    PREFIX + name
    for name in (
        "consumer_lag_records",
        "consumer_lag_seconds",
        "partition_stopped",
        "outbox_rows",
        "outbox_oldest_age_seconds",
        "work_rows",
        "work_oldest_age_seconds",
        "webhook_overdue_seconds",
        "parked_keys",
        "backlog_unmeasured",
        "invariant_violations",
        "invariant_unchecked",
        "invariants_checked_timestamp_seconds",
        "provider_calls_total",
    )
)
# Of itself the console tells how it reads; nothing leaves it, and nothing is parked in it.
OWN = (metrics.CONSUMER_LAG, metrics.CONSUMER_LAG_SECONDS, metrics.PARTITION_STOPPED)


async def look(backends: Backends) -> list[Instance]:
    """One look at all of them, at the same time, and at how this process reads itself."""
    services = list(backends.settings.services)
    answers = await asyncio.gather(*(backends.get_each(one, "/metrics") for one in services))
    seen = [
        instance_of(service, answer)
        for service, each in zip(services, answers, strict=True)
        for answer in each
    ]
    return [*seen, own()]


def own() -> Instance:
    """This process: who has fallen behind shows an old picture, and must say so."""
    gauges = {
        sample.name.removeprefix(PREFIX): {CONSOLE: sample.value}
        for gauge in OWN
        for family in gauge.collect()
        for sample in family.samples
        if sample.labels.get("consumer") == CONSOLE
    }
    return Instance(CONSOLE, answers=True, gauges=gauges)


def instance_of(service: str, answer: Answer) -> Instance:
    """What is no metrics is no answer."""
    if not answer.ok or not isinstance(answer.body, str):
        return Instance(service, answers=False)
    try:
        return Instance(service, answers=True, gauges=gauges_of(answer.body))
    except ValueError:
        return Instance(service, answers=False)


def gauges_of(text: str) -> Gauges:
    """The metrics we know, from Prometheus' text format; the rest is not even parsed.

    Each has one label; of the provider's calls ``answer`` counts, over operations they add up.
    """
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families("\n".join(_known(text)) + "\n"):
        for sample in family.samples:
            label = sample.labels.get("answer") or next(iter(sample.labels.values()), "")
            by_label = found.setdefault(sample.name.removeprefix(PREFIX), {})
            if not math.isnan(sample.value):
                by_label[label] = by_label.get(label, 0) + sample.value
    return found


def _known(text: str) -> Iterator[str]:
    for line in text.splitlines():
        name = line.partition("{")[0].partition(" ")[0]
        if name in GAUGES:
            yield line
