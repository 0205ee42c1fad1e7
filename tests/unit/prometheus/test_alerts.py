"""The alerts: they fire on what they are for, speak of metrics that exist, and name a runbook."""

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from local_runtime.launch import FIRST_PORTS
from local_runtime.ports import HOST
from prometheus_client import REGISTRY

from tests.unit.prometheus.rules import FOLDER, SERIES, alerts, known, rules, run_promtool

ROOT = Path(__file__).parents[3]
RUNBOOKS = ROOT / "docs" / "runbooks"
BY_PROMETHEUS = {"job", "instance", "le"}


@pytest.mark.parametrize("words", ["check config prometheus.yml", "test rules tests.yml"])
def test_promtool_finds_nothing_wrong(words: str) -> None:
    done = run_promtool(FOLDER, *words.split())

    assert done.returncode == 0, done.stdout


def test_an_alert_that_never_fires_is_seen(tmp_path: Path) -> None:
    """Each alert is made one that cannot fire, and the tests must name it."""
    for file in FOLDER.glob("*.yml"):
        (tmp_path / file.name).write_text(file.read_text())
    wrong = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    for rule in (one for group in wrong["groups"] for one in group["rules"]):
        rule["expr"] = "vector(1) > 2"
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(wrong))

    told = run_promtool(tmp_path, "test", "rules", "tests.yml").stdout
    assert {alert["alert"] for alert in alerts()} == set(re.findall(r"alertname: (\w+)", told))


def test_every_program_of_ours_is_scraped_under_its_name_where_a_stack_has_it() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    asked = {one["job_name"]: one["static_configs"][0]["targets"] for one in jobs}

    assert asked == {name: [f"{HOST}:{port}"] for name, port in FIRST_PORTS.items()}


def test_every_alert_has_a_test_in_which_it_is_silent() -> None:
    cases = yaml.safe_load((FOLDER / "tests.yml").read_text())["tests"]
    silent = {
        one["alertname"]
        for case in cases
        for one in case["alert_rule_test"]
        if not one["exp_alerts"]
    }

    assert silent == {alert["alert"] for alert in alerts()}


def test_rules_speak_of_metrics_and_labels_that_exist() -> None:
    exported = known()
    for rule in rules():
        for name, matchers in SERIES.findall(rule["expr"]):
            assert name in exported, f"{name} in {rule.get('alert') or rule.get('record')}"
            labels = set(re.findall(r"(\w+)\s*[=!]~?", matchers))
            assert labels <= exported[name] | BY_PROMETHEUS, f"{labels} of {name}"


def test_what_the_alerts_count_is_there_before_it_is_counted() -> None:
    """A series that begins with its first event has no increase then, and nobody is told."""
    counted = re.compile(r"_(total|count|bucket)$")
    asked = {name for rule in rules() for name, _ in SERIES.findall(rule["expr"])}
    there = {sample.name for metric in REGISTRY.collect() for sample in metric.samples}

    assert {one for one in asked if counted.search(one)} <= there


def test_the_page_for_operators_names_every_metric_with_its_labels() -> None:
    """Counters of invariants have a table of their own on it."""
    page = (ROOT / "docs" / "operations.md").read_text()
    told: dict[str, set[str]] = {}
    for name, labels in re.findall(r"`(orderproof_[a-z_]+)(?:\{([a-z,]+)\})?`", page):
        told.setdefault(name, set()).update(filter(None, labels.split(",")))
    # A histogram is told once, without the endings of its series.
    series = re.compile("_(created|bucket|count|sum)$")
    exported = {name: labels for name, labels in known().items() if not series.search(name)}
    counters = {name.removesuffix("_total") for name in exported if name.endswith("_total")}

    assert told == {name: labels for name, labels in exported.items() if name not in counters}


def test_every_alert_has_its_runbook_and_every_runbook_its_alert() -> None:
    named = {ROOT / alert["annotations"]["runbook"] for alert in alerts()}

    assert named == {file for file in RUNBOOKS.glob("*.md") if file.name != "README.md"}


def test_a_runbook_says_what_it_means_where_to_look_and_what_to_do() -> None:
    for alert in alerts():
        text = (ROOT / alert["annotations"]["runbook"]).read_text()
        heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert heads == ["What it means", "Look", "Do"], alert["alert"]
        assert text.startswith(f"# {alert['alert']}\n")


def test_what_a_runbook_asks_of_prometheus_parses_and_exists(tmp_path: Path) -> None:
    asked = [
        code
        for page in RUNBOOKS.glob("*.md")
        for code in re.findall(r"`([^`\n]+)`", page.read_text("utf-8"))
        if SERIES.search(code)
    ]
    told = [{"record": f"page:{n}", "expr": expr} for n, expr in enumerate(asked)]
    file = tmp_path / "asked.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": told}]}))

    assert {name for expr in asked for name, _ in SERIES.findall(expr)} <= known().keys()
    done = run_promtool(tmp_path, "check", "rules", file.name)
    assert done.returncode == 0, done.stdout


def test_who_is_woken_is_said_by_every_alert() -> None:
    assert {alert["labels"]["severity"] for alert in alerts()} == {"page", "ticket"}
