"""The document has the interface's names; tables and page are made of it and of nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench import publish, report
from tests.bench.pairs import Pair, summary
from tests.tools import performance

LATENCY = {"p50": 10.0, "p90": 20.0, "p99": 30.0, "p99_9": 35.0, "max": 40.0}
COSTS = {"cpu_s_per_1000": {"orders": 0.5, "kafka": 0.25, "total": 0.75, "generator": 0.1}}


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


def test_a_published_graph_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    graph = tmp_path / "graph.svg"
    graph.write_text("<title>read (/opt/python/lib/asyncio/streams.py:12)</title>")

    publish.copy_graph(graph, tmp_path / "copy.svg")

    assert (tmp_path / "copy.svg").read_text() == "<title>read (asyncio/streams.py:12)</title>"
