"""The dashboards: every expression parses, and speaks of metrics that exist or are recorded."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.unit.prometheus.rules import DEPLOY, SERIES, alerts, known, rules, run_promtool

DASHBOARDS = sorted((DEPLOY / "grafana").glob("*.json"))
GRID_COLUMNS = 24
RECORDED = re.compile(r"\borderproof:[a-z0-9_:]+")


def panels() -> list[dict[str, Any]]:
    return [one for file in DASHBOARDS for one in json.loads(file.read_text())["panels"]]


def expressions() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


def test_there_is_a_dashboard_and_its_panels_are_told_apart() -> None:
    ids = [panel["id"] for panel in panels()]

    assert expressions()
    assert len(ids) == len(set(ids))


def test_every_expression_parses(tmp_path: Path) -> None:
    told = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(expressions())]
    file = tmp_path / "expressions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": told}]}))

    done = run_promtool(tmp_path, "check", "rules", file.name)
    assert done.returncode == 0, done.stdout


def test_every_metric_is_exported_or_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    for expr in expressions():
        assert set(RECORDED.findall(expr)) <= recorded, expr
        for name, _ in SERIES.findall(expr):
            assert name in known(), expr


def test_what_alerts_ask_for_is_to_be_seen() -> None:
    """Who is woken looks at the dashboard first."""
    recorded = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
    shown, asked = (_metrics(exprs, recorded) for exprs in (expressions(), _alerting()))

    assert asked - shown == set()


def test_metrics_of_every_service_that_has_its_own_are_shown() -> None:
    shown = " ".join(expressions())

    for part in ("orders", "order_decision", "provider", "reconciliation", "webhook"):
        assert f"orderproof_{part}" in shown or f"orderproof:{part}" in shown, part


def test_no_panel_covers_another() -> None:
    places = [
        (x, y)
        for at in (panel["gridPos"] for panel in panels())
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < GRID_COLUMNS


def _alerting() -> list[str]:
    return [one["expr"] for one in alerts()]


def _metrics(exprs: Iterable[str], recorded: Mapping[str, str]) -> set[str]:
    """What they ask for, through what is recorded; a histogram is one metric."""
    whole = " ".join(exprs)
    whole += " ".join(recorded[name] for name in set(RECORDED.findall(whole)))
    return {re.sub("_(bucket|count|sum)$", "", name) for name, _ in SERIES.findall(whole)}


def test_every_panel_says_what_it_shows_and_in_which_unit() -> None:
    for panel in panels():
        if panel["type"] != "row":
            assert panel["description"].endswith("."), panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
