"""What Prometheus would say of a running stack: its own answers, judged by the rules we ship."""

import asyncio
import json
import math
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.support.judges import metric
from tests.support.shop import Shop
from tests.support.waiting import eventually
from tests.unit.prometheus.rules import FOLDER, SERIES, alerts, rules, run_promtool

RULE_FILES = ("recording.yml", "alerts.yml")
SCRAPE_TIMEOUT = aiohttp.ClientTimeout(total=2.5)
# For minutes all was as before, and from then on it is as now. The first look is for what has just
# happened, which a rate sees for minutes; the second for what has lasted as long as an alert asks.
BEFORE_MIN = 6
JUST_NOW_MIN, LONG_SINCE_MIN = 8, 76
# Longer than what looks each half second, or compares each second, ever takes for it.
STANDS_S = 2.0
# Of histograms the alerts ask for this bucket alone.
BUCKET = "5.0"
ASKED = {"up"} | {name for rule in rules() for name, _ in SERIES.findall(rule["expr"])}

Series = Mapping[str, float]


@dataclass
class Alarms:
    """Judges the difference between two looks at ``/metrics`` of every service."""

    shop: Shop
    _before: Series = field(default_factory=dict)
    _now: Series = field(default_factory=dict)

    async def rebase(self) -> None:
        """What is now is as it was before: only what happens from here on counts."""
        self._before = self._now = await self._look()

    async def fires(self, alert: str, at: float | None = None, within_s: float = 20) -> None:
        """Wait until it does; ``at`` is when, by the clock, if nothing changes until then."""

        async def look() -> bool:
            return alert in await self.firing(at)

        await eventually(look, f"{alert} fires", within_s)

    async def heals(self, alert: str, at: float | None = None, within_s: float = 20) -> None:
        """Wait until what is counted from here on does not make it fire."""
        await self.rebase()

        async def look() -> bool:
            return alert not in await self.firing(at)

        await eventually(look, f"{alert} is silent", within_s)

    async def stands(self, instance: str, moment: str) -> float:
        """A moment that is told by a metric, once it has not moved for ``STANDS_S``."""
        since, value = time.monotonic(), 0.0

        async def look() -> float | None:
            nonlocal since, value
            now = await metric(self.shop, instance, moment)
            if now != value:
                since, value = time.monotonic(), now
            return value if time.monotonic() - since > STANDS_S else None

        return await eventually(look, f"{moment} of {instance} stands") or 0.0

    async def firing(self, at: float | None = None) -> set[str]:
        """Every alert that fires if what is now lasts."""
        self._now = await self._look()
        test = _as_test(self._before, self._now, at or time.time())
        return await asyncio.to_thread(_judged, test)

    async def _look(self) -> Series:
        programs = [one for one in self.shop.system.programs if one.name[-1:].isdigit()]
        texts = await asyncio.gather(*(self._scrape(one.url) for one in programs))
        found: dict[str, float] = {}
        for program, text in zip(programs, texts, strict=True):
            found |= _series(program.group, program.name, text)
        return found

    async def _scrape(self, url: str) -> str | None:
        try:
            async with self.shop.http.get(f"{url}/metrics", timeout=SCRAPE_TIMEOUT) as answer:
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            return None


def _series(job: str, instance: str, text: str | None) -> dict[str, float]:
    """The samples that the rules may ask for, as a scrape of ``job`` names them."""
    whose = {"job": job, "instance": instance}
    found = {_named("up", whose): float(text is not None)}
    for family in text_string_to_metric_families(text or ""):
        for one in family.samples:
            is_asked = one.name in ASKED and not math.isnan(one.value)
            if is_asked and one.labels.get("le", BUCKET) == BUCKET:
                found[_named(one.name, {**whose, **one.labels})] = one.value
    return found


def _named(name: str, labels: Mapping[str, str]) -> str:
    return f"{name}{{{', '.join(f'{key}={json.dumps(labels[key])}' for key in labels)}}}"


def _as_test(before: Series, now: Series, at: float) -> dict[str, object]:
    """A test of promtool in which no alert is expected: it names those that fire."""
    series = [
        {
            "series": name,
            "values": f"{_lasting(before.get(name), name, at)} {_value(now, name, at)}",
        }
        for name in now
    ]
    asked = [
        {"eval_time": f"{minute}m", "alertname": one["alert"], "exp_alerts": []}
        for one in alerts()
        for minute in (JUST_NOW_MIN, LONG_SINCE_MIN)
    ]
    return {
        "rule_files": [str(FOLDER / one) for one in RULE_FILES],
        "evaluation_interval": "2m",
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": asked}],
    }


def _lasting(value: float | None, name: str, at: float) -> str:
    """A series that was not there stays away: its first value is no increase."""
    if value is None:
        return f"_x{BEFORE_MIN}"
    return f"{_moved(value, name, at)}x{BEFORE_MIN - 1}"


def _value(now: Series, name: str, at: float) -> str:
    return f"{_moved(now[name], name, at)}x{LONG_SINCE_MIN}"


def _moved(value: float, name: str, at: float) -> str:
    """A moment is moved so that ``at`` is the last look: promtool's clock begins at nought."""
    is_moment = name.partition("{")[0].endswith("_timestamp_seconds")
    return f"{value - at + LONG_SINCE_MIN * 60 if is_moment else value:.6f}"


def _judged(test: Mapping[str, object]) -> set[str]:
    with tempfile.TemporaryDirectory(prefix="orderproof-alarms-") as folder:
        (Path(folder) / "now.yml").write_text(json.dumps(test))
        done = run_promtool(Path(folder), "test", "rules", "now.yml")
    firing = set(re.findall(r"alertname: (\w+)", done.stdout))
    assert bool(firing) == bool(done.returncode), done.stdout
    return firing
