"""The document has the interface's names; tables and page are made of it and of nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench import publish, report
from tests.bench.figures import spread
from tests.bench.pairs import Pair, summary
from tests.tools import performance

LATENCY = {"p50": 10.0, "p90": 20.0, "p99": 30.0, "p99_9": 35.0, "max": 40.0}
COSTS = {"cpu_s_per_1000": {"orders": 0.5, "kafka": 0.25, "total": 0.75, "generator": 0.1}}

STRAINS: dict[str, Any] = {
    "hot": {
        "in_flight": 256,
        "standard_orders_s": spread([800.0]),
        "hot_orders_s": spread([600.0]),
        "ratio": spread([0.75]),
    },
    "large": {
        "rate": 100,
        "large_every": 200,
        "large_lines": 600,
        "p99_ms_without": spread([50.0, 60.0]),
        "p99_ms_with": spread([75.0]),
        "ratio": spread([1.5]),
        "large_p99_ms": {},
    },
    "drain": {
        "orders": 100_000,
        "not_confirmed": 0,
        "seconds": 150.0,
        "orders_s": 666.7,
        "in_system_s_max": 90.0,
        "deadline_s": 900.0,
        "rss_mb": {"orders": {"before": 80.0, "highest": 120.0, "after": 95.0}},
        **COSTS,
    },
    "outage": {
        "http": {
            "rate": 400,
            "full_orders_s": 800.0,
            "away_s": 63.0,
            "backlog_orders": 25_200,
            "p99_before_ms": 90.0,
            "as_usual_after_s": 41.0,
            "for_good_after_s": None,
            "by_arithmetic_s": 63.0,
            "caught_up_orders_s": 900.0,
            "not_confirmed": 0,
            "windows": [
                {"at_s": -2.0, "placed": 1, "ended": 0, "p50": 7.0, "p99": 8.0},
                {"at_s": 3.0, "placed": 2_000, "ended": 4_000, "p50": 50.0, "p99": 99.0},
                {"at_s": 8.0, "placed": 0, "ended": 3},
            ],
        }
    },
    "growth": {
        "10000": {
            "stored": 10_250,
            "orders_s": spread([800.0]),
            "bytes_per_order": {"kafka": 3000},
            **COSTS,
        }
    },
    "by_instances": {"2": {"orders_s": spread([700.0, 710.0]), **COSTS}},
    "traced": {
        "100 %": {
            "cpu_s_per_1000": spread([3.0]),
            "ratio": spread([1.2]),
            "exported_bytes": 5_000_000,
        }
    },
}


def a_pair(kafka: float, faststream: float | None = 100.0) -> Pair:
    theirs = None
    if faststream is not None:
        theirs = {"orders_s": faststream, "latency_ms": {"20": {"p50": 5.0, "p99": 9.0}}}
    limits = {"one_transaction_c16": 1800.0, "one_transaction_c32": 2000.0, "batch_100_c4": 20000.0}
    return Pair({"kafka": kafka, "http": 500.0}, {"20": LATENCY}, limits, theirs)


@pytest.fixture
def told() -> dict[str, Any]:
    ratios = summary([a_pair(1000), a_pair(1200), a_pair(1400)])
    found = {
        "sustained_orders_s": 1200.0,
        "sustained": {
            "kafka standard": {
                "in_flight": {"64": 1500.0, "256": 1700.0},
                "orders_s": 1200.0,
                "rss_mb": {"orders": 81.2},
                "rss_mb_per_10_min": {"orders": 0.4},
                "bytes_per_order": {"kafka": 3000},
                **COSTS,
            }
        },
        "latency_ms": {"20": {**LATENCY, **COSTS, "rate": 20}, "300": None},
        "ratios": {name: one["median"] for name, one in ratios.items()},
        "ratio_ranges": ratios,
        **STRAINS,
        "idle_cpu_percent": {"orders": 0.5, "total": 2.0},
        "audit": {"holds": True, "orders": 42, "statuses": {"confirmed": 42}},
    }
    more = {"form": "full", "command": "make bench", "provider_and_mail": "in process"}
    return report.document(found, [], **more, instances=1, seconds=9)


def test_the_document_has_the_names_of_the_interface(told: dict[str, Any]) -> None:
    assert told["passed"]
    assert told["sustained_orders_s"] == 1200
    assert told["ratios"]["plain_faststream"] == 12
    assert told["ratios"]["pgbench_one_transaction"] == 0.6
    assert told["ratios"]["pgbench_batch_100"] == 0.06
    assert told["latency_ms"]["20"]["p99"] == 30
    assert told["cpu_s_per_1000"] == COSTS["cpu_s_per_1000"]
    assert json.loads(json.dumps(told)) == told


def test_a_ratio_is_the_median_of_the_turns_with_their_range() -> None:
    told = summary([a_pair(1000), a_pair(1400), a_pair(1200)])

    assert told["plain_faststream"] == {"median": 12, "low": 10, "high": 14}
    assert told["plain_faststream_http"]["median"] == 5
    assert told["p50_at_20"]["median"] == 2


def test_a_peer_that_did_not_run_has_no_ratio() -> None:
    told = summary([a_pair(1000, faststream=None)])

    assert set(told) == {"pgbench_one_transaction", "pgbench_batch_100"}


def test_a_failure_is_told_first(told: dict[str, Any]) -> None:
    failed = report.document({}, ["the audit does not hold"])

    assert not failed["passed"]
    assert failed["failures"] == ["the audit does not hold"]


def test_the_page_has_every_table(told: dict[str, Any]) -> None:
    page = performance.rendered(told)

    assert "| kafka standard | 1,500.0 | 1,700.0 | 1,200.0 | 0.75 |" in page
    assert "| 300 | kafka | saturated |" in page
    assert "| plain_faststream | 12 | 10 – 14 |" in page
    assert "The audit of its 42 orders held." in page


@pytest.mark.parametrize(
    "row",
    [
        "| ratio | 0.75 | 0.75 – 0.75 |",
        "| small orders, every 200th order of 600 lines | 75 | 75 – 75 |",
        "| the large ones | – | – |",
        "| 100,000 | 150.0 | 666.7 | 0 | 90 | 900.0 | 0.75 |",
        "| orders | 80 | 120.0 | 95 |",
        "| http | 400.0 | 800.0 | 63 | 25,200.0 | 90 | 41 | – | 63 | 900.0 | 0 |",
        "| 3 | http | 2000 | 4000 | 50 | 99 |",
        "| 8 | http | 0 | 3 | – | – |",
        "| 10,250 | 800.0 | 0.75 | orders 0.5, kafka 0.25, generator 0.1 | kafka 3000 |",
        "| 2 | 705.0 | 700.0 – 710.0 | 0.75 | orders 0.5, kafka 0.25, generator 0.1 |",
        "| 100 % | 3 | 3 – 3 | 1.2 | 1.2 – 1.2 | 4.77 |",
    ],
)
def test_the_page_tells_how_what_is_not_usual_is_borne(told: dict[str, Any], row: str) -> None:
    page = performance.rendered(told)

    assert row in page
    assert "| -2 |" not in page


def test_a_part_that_was_not_run_has_no_table() -> None:
    empty = report.document({}, [])

    assert [one.title for one in report.SECTIONS if one.rows(empty)] == []


def test_a_published_graph_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    graph = tmp_path / "graph.svg"
    frame = "<title>read (/opt/python/lib/asyncio/streams.py:12)</title>"
    graph.write_text(f"<text>/opt/venv/bin/py-spy record --pid 7</text>{frame}")

    publish.copy_graph(graph, tmp_path / "copy.svg")

    copied = (tmp_path / "copy.svg").read_text()
    frame = "<title>read (asyncio/streams.py:12)</title>"
    assert copied == f"<text>py-spy record --pid 7</text>{frame}"
