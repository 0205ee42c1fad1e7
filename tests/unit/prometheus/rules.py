"""Prometheus' rules as they are committed, what the services export, and the tool that judges."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import notifications.partners.metrics
import orders.metrics
import payments.metrics
import pytest
import shared.observability.metrics
import yaml  # type: ignore[import-untyped]
from prometheus_client import REGISTRY

DEPLOY = Path(__file__).parents[3] / "deploy"
FOLDER = DEPLOY / "prometheus"
OWNERS = (
    shared.observability.metrics,
    notifications.partners.metrics,
    orders.metrics,
    payments.metrics,
)
SERIES = re.compile(r"\b(orderproof_[a-z_]+)(?:\{([^}]*)\})?")


def promtool() -> str:
    """Its path; where ``make promtool`` could not put it the tests that need it say so."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = shutil.which("promtool") or shutil.which(cache / "orderproof" / "promtool")
    if found is None:
        pytest.skip("NOT RUN: promtool is missing; mend it with: make promtool")
    return found


def run_promtool(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [promtool(), *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def rules() -> Iterator[dict[str, Any]]:
    for name in ("recording.yml", "alerts.yml"):
        for group in yaml.safe_load((FOLDER / name).read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def known() -> dict[str, set[str]]:
    """Every series that the services export, with its labels."""
    found: dict[str, set[str]] = {}
    for owner in OWNERS:
        for metric in vars(owner).values():
            if hasattr(metric, "_labelnames"):
                for name in REGISTRY._collector_to_names[metric]:
                    found[name] = set(metric._labelnames)
    return found
