"""The collector's configuration speaks of parts it has and of spans that services make."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from shared.contracts.catalogue import EVENTS

from tests.architecture.source import ROOT

CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "otel" / "collector.yaml").read_text())
POLICIES = {one["name"]: one for one in CONFIG["processors"]["tail_sampling"]["policies"]}


def compensated(span: str) -> bool:
    [condition] = POLICIES["compensated"]["ottl_condition"]["span"]
    pattern = re.fullmatch(r'IsMatch\(name, "(.*)"\)', condition)
    assert pattern is not None
    return re.search(pattern[1].replace("\\\\", "\\"), span) is not None


def test_every_part_of_the_pipeline_is_configured_and_none_beside_it() -> None:
    pipeline = CONFIG["service"]["pipelines"]["traces"]

    for kind, names in pipeline.items():
        assert set(CONFIG[kind]) == set(names)
    assert pipeline["processors"][0] == "memory_limiter"


def test_it_listens_on_loopback_only() -> None:
    assert CONFIG["receivers"]["otlp"]["protocols"]["http"]["endpoint"].startswith("127.0.0.1:")


def test_what_is_compensated_is_told_by_the_names_that_its_spans_have() -> None:
    ended = ("rejected", "expired", "cancelled")

    assert {f"orders.order-{one}.v1" for one in ended} <= EVENTS.keys()
    for one in (*(f"process orders.order-{one}.v1" for one in ended), "work refund"):
        assert compensated(one)


@pytest.mark.parametrize("span", ["process orders.order-confirmed.v1", "work charge", "send mail"])
def test_what_went_well_is_not(span: str) -> None:
    assert not compensated(span)


def test_errors_slow_and_compensated_ones_are_kept_whole_and_of_the_rest_a_part() -> None:
    assert [*POLICIES] == ["errors", "slow", "compensated", "the-rest"]
    assert POLICIES["the-rest"]["probabilistic"]["sampling_percentage"] == 1
