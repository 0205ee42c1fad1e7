"""Latencies, CPU and memory come out in the units that their names say."""

import os

import pytest

from tests.bench.figures import spread
from tests.bench.histogram import Latencies, Timeline
from tests.bench.usage import Groups, mb_per_10_min, per_1000, used


def test_percentiles_are_within_a_thousandth() -> None:
    latencies = Latencies()
    for number in range(1, 10_001):
        latencies.note(number / 1000)

    told = latencies.percentiles_ms()

    assert told["p50"] == pytest.approx(5_000, rel=0.001)
    assert told["p99"] == pytest.approx(9_900, rel=0.001)
    assert told["max"] == pytest.approx(10_000, rel=0.001)


def test_without_latencies_there_are_no_percentiles() -> None:
    assert Latencies().percentiles_ms() == {}


def test_a_latency_beyond_an_hour_or_below_a_microsecond_is_kept_at_the_edge() -> None:
    latencies = Latencies()
    for seconds in (-1.0, 10_000.0):
        latencies.note(seconds)

    assert latencies.count == 2
    assert latencies.percentiles_ms()["max"] == pytest.approx(3_600_000, rel=0.001)


def test_cpu_is_per_1000_orders_and_summed() -> None:
    spent = used({"orders": 1.0, "kafka": 2.0}, {"orders": 1.5, "kafka": 2.25})

    assert per_1000(spent, 500) == {"orders": 1.0, "kafka": 0.5, "total": 1.5}


def test_a_process_that_was_replaced_has_used_what_the_new_one_has() -> None:
    assert used({"kafka": 9.0, "orders": 1.0}, {"kafka": 0.5, "orders": 1.0}) == {
        "kafka": 0.5,
        "orders": 0.0,
    }


def test_a_spread_is_the_median_between_the_lowest_and_the_highest() -> None:
    assert spread([3.0, 1.0, 2.0]) == {"median": 2, "low": 1, "high": 3}
    assert spread([]) == {}


def test_an_order_counts_where_it_was_placed_and_where_it_ended() -> None:
    timeline = Timeline(5.0)
    timeline.note(4.9, 5.0)
    timeline.note(5.0, 5.5)
    timeline.note(4.0, 16.0)

    first, second, late = timeline.windows()

    assert first == {"at_s": 0, "placed": 2, "ended": 0, "p50": 12_000, "p99": 12_000}
    assert second == {"at_s": 5, "placed": 1, "ended": 2, "p50": 500, "p99": 500}
    assert late == {"at_s": 15, "placed": 0, "ended": 1}


def test_memory_that_grows_a_megabyte_a_second_grows_600_in_ten_minutes() -> None:
    assert mb_per_10_min((float(second), 80.0 + second) for second in range(30)) == 600
    assert mb_per_10_min((float(second), 80.0) for second in range(30)) == 0
    assert mb_per_10_min([]) == 0


def test_a_process_that_is_gone_has_used_nothing() -> None:
    groups = Groups({"own": [os.getpid()], "gone": [2**22 + 1]})

    assert groups.cpu_s()["own"] > 0
    assert groups.cpu_s()["gone"] == 0
    assert groups.rss_mb()["own"] > groups.rss_mb()["gone"] == 0
