"""The line on top is red exactly when a rule is: each rule just below and just above its limit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from console.backends import Answer
from console.domain.alarms import (
    CONSOLE,
    RULES,
    Alarm,
    Gauges,
    Instance,
    Level,
    alarms,
    unchecked,
    watch_silent_s,
)
from console.domain.alarms import doubts as doubts_of
from console.looks import gauges_of, instance_of, own
from shared.observability import metrics

from tests.architecture.source import ROOT
from tests.unit.prometheus.rules import alerts


def one(gauges: Gauges | None = None, service: str = "payments", answers: bool = True) -> Instance:
    return Instance(service, answers, gauges or {})


def red(instances: list[Instance], **level: Any) -> list[str]:
    return [alarm.rule for alarm in alarms(instances, Level(**level))]


def doubts(instances: list[Instance], level: Level) -> list[str]:
    return [one.says for one in doubts_of(instances, level)]


STUCK = ("orders", "no-stuck-order")
GAUGE_LIMITS: list[tuple[str, str, str, float, float]] = [
    ("invariant-broken", "invariant_violations", "no-stuck-order", 0, 1),
    ("lagging", "consumer_lag_seconds", "payments", 30, 30.1),
    ("stopped", "partition_stopped", "payments", 0, 1),
    ("outbox-waits", "outbox_oldest_age_seconds", "", 60, 60.1),
    ("work-waits", "work_oldest_age_seconds", "charge", 900, 901),
    ("webhooks-late", "webhook_overdue_seconds", "", 60, 60.1),
    ("parked", "parked_keys", "payments", 0, 1),
]


@pytest.mark.parametrize(("rule", "metric", "label", "well", "bad"), GAUGE_LIMITS)
def test_a_gauge_is_red_above_its_limit_and_not_at_it(
    rule: str, metric: str, label: str, well: float, bad: float
) -> None:
    assert red([one({metric: {label: well}})]) == []
    assert red([one({metric: {label: bad}})]) == [rule]


def test_the_worst_instance_counts() -> None:
    well, bad = ({"consumer_lag_seconds": {"payments": lag}} for lag in (0.0, 31.0))

    assert red([one(well), one(bad)]) == red([one(bad), one(well)]) == ["lagging"]


def test_a_service_that_does_not_answer_is_red() -> None:
    assert red([one(), one(service="orders", answers=False)]) == ["service-down"]


@pytest.mark.parametrize(
    ("level", "rules"),
    [
        ({"orders": 100, "late": 14}, []),
        ({"orders": 100, "late": 15}, ["decided-late"]),
        ({"orders": 4, "late": 4}, []),
        ({"orders": 5, "late": 5}, ["decided-late"]),
        ({"calls": 15, "unknown": 3}, []),
        ({"calls": 14, "unknown": 3}, ["provider-unknown"]),
        ({"calls": 2, "unknown": 2}, []),
        ({"overdue": 0}, []),
        ({"overdue": 1}, ["overdue"]),
        ({"unchecked_s": {STUCK: 60.0}}, []),
        ({"unchecked_s": {STUCK: 60.1}}, ["unchecked"]),
        ({"watch_silent_s": {"orders": 900.0}}, []),
        ({"watch_silent_s": {"orders": 900.1}}, ["watch-silent"]),
    ],
)
def test_it_is_red_when_too_many_are_late_or_unknown_and_one_is_overdue_or_long_unchecked(
    level: dict[str, Any], rules: list[str]
) -> None:
    assert red([], **level) == rules


def test_what_is_not_checked_yet_is_a_doubt_and_then_red_and_never_both() -> None:
    young, old = Level(unchecked_s={STUCK: 60.0}), Level(unchecked_s={STUCK: 60.1})

    assert doubts([], young) == ["orders has not checked no-stuck-order."]
    assert doubts([], old) == doubts([], Level()) == []
    [late] = alarms([], old)
    assert late.says == "orders has not checked no-stuck-order for more than 60 s"


def test_many_promises_are_one_sentence_for_each_service() -> None:
    many = {("payments", f"p-{n}"): 1.0 for n in range(5)}

    assert doubts([], Level(unchecked_s={**many, STUCK: 2.0})) == [
        "orders has not checked no-stuck-order.",
        "payments has not checked p-0, p-1, p-2 and 2 more.",
    ]


def test_who_answers_and_has_not_measured_its_lag_is_a_doubt_until_one_instance_has() -> None:
    """Kafka may be away since its start: then nothing is read, and nobody is red for it."""
    reads = one({"consumer_lag_seconds": {"payments": 0.0}})

    assert doubts([one()], Level()) == ["payments has not said how far behind it reads."]
    assert doubts([one(), reads], Level()) == doubts([one(answers=False)], Level()) == []


def test_a_service_whose_database_does_not_answer_is_a_doubt_until_it_does_for_one_instance() -> (
    None
):
    reads = {"consumer_lag_seconds": {"payments": 0.0}}
    away, there = (one({**reads, "backlog_unmeasured": {"": value}}) for value in (1.0, 0.0))

    assert doubts([away], Level()) == ["payments gets no answer from its database."]
    assert doubts([away, there], Level()) == doubts([one(reads)], Level()) == []


@pytest.fixture
def reads_behind() -> Iterator[Callable[[float], None]]:
    """Says how far this process's own group reads behind."""
    yield lambda lag_s: metrics.CONSUMER_LAG_SECONDS.labels(CONSOLE).set(lag_s)
    metrics.CONSUMER_LAG_SECONDS.remove(CONSOLE)


def test_a_console_that_has_fallen_behind_says_so(reads_behind: Callable[[float], None]) -> None:
    reads_behind(30)
    assert not alarms([own()], Level())
    assert not doubts([own()], Level())

    reads_behind(44)
    [old] = alarms([own()], Level())
    assert old.says == "console reads 44 s behind: what is shown here of orders is that old"


def test_a_console_that_has_not_begun_to_read_is_in_doubt() -> None:
    assert own() == Instance(CONSOLE, answers=True)
    assert doubts([own()], Level()) == ["console has not said how far behind it reads."]


# What the other rules show as soon, and what nobody has to look at before tomorrow.
ONLY_ALERTS = {
    "nobody-relays": "what it does not send is red by its age",
    "lists-differ": "its promises are invariants of payments",
    "backlog-unmeasured": "a doubt, and its promises become red as unchecked",
}


def test_whoever_is_woken_by_an_alert_finds_it_red_here() -> None:
    pages = [one for one in alerts() if one["labels"]["severity"] == "page"]
    named = {Path(one["annotations"]["runbook"]).stem for one in pages}

    assert named - {one.runbook for one in all_red()} == set(ONLY_ALERTS)


def test_a_promise_is_unchecked_when_no_instance_of_its_service_has_checked_it() -> None:
    checked, not_yet = ({"invariant_unchecked": {"no-stuck-order": value}} for value in (0.0, 1.0))
    first, second = one(not_yet, "orders"), one(checked, "orders")

    assert unchecked([first]) == {STUCK}
    assert unchecked([first, second]) == unchecked([second, first]) == frozenset()
    assert unchecked([first, one(checked, "payments")]) == {STUCK}


def test_a_watch_is_as_silent_as_its_services_newest_check_and_one_that_never_began_is_none() -> (
    None
):
    old, new, never = (
        one({"invariants_checked_timestamp_seconds": {"": at}}, "orders") for at in (100, 400, 0)
    )

    assert watch_silent_s([old, new, never], 1000) == {"orders": 600}
    assert watch_silent_s([never], 1000) == {}


def test_all_is_well_with_nothing() -> None:
    assert red([]) == red([one()]) == []


def all_red() -> list[Alarm]:
    """What every rule says when it is red."""
    broken = [one({metric: {label: bad}}) for _, metric, label, _, bad in GAUGE_LIMITS]
    return alarms(
        [*broken, one(answers=False)],
        Level(9, 9, 1, 9, 9, unchecked_s={STUCK: 99}, watch_silent_s={"orders": 999}),
    )


def test_every_rule_is_tested_here_and_names_a_runbook_that_is_there() -> None:
    assert len({alarm.rule for alarm in all_red()}) == len(RULES)
    for alarm in all_red():
        assert (ROOT / "docs" / "runbooks" / f"{alarm.runbook}.md").is_file()


METRICS = """\
# HELP orderproof_consumer_lag_seconds How old what waits may be
# TYPE orderproof_consumer_lag_seconds gauge
orderproof_consumer_lag_seconds{consumer="payments"} 1.5
orderproof_outbox_rows 3.0
orderproof_provider_calls_total{answer="unknown",operation="charge"} 2.0
orderproof_provider_calls_total{answer="unknown",operation="refund"} 3.0
orderproof_outbox_oldest_age_seconds NaN
orderproof_batch_seconds_bucket{consumer="payments",le="0.1"} 4
python_info{version="3"} 1
"""


def test_gauges_are_read_from_prometheus_text() -> None:
    assert gauges_of(METRICS) == {
        "consumer_lag_seconds": {"payments": 1.5},
        "outbox_rows": {"": 3.0},
        "outbox_oldest_age_seconds": {},
        "provider_calls_total": {"unknown": 5.0},
    }


@pytest.mark.parametrize(
    "body",
    [
        Answer(None, "x"),
        Answer(503, METRICS),
        Answer(200, {}),
        Answer(200, "orderproof_outbox_rows {"),
    ],
)
def test_an_answer_that_is_none_is_an_instance_that_does_not_answer(body: Any) -> None:
    assert instance_of("orders", body) == Instance("orders", answers=False)
