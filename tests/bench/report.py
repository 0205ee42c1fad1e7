"""The document of a run, and its table for people."""

import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Group
from rich.table import Table

from tests.bench import strains
from tests.bench.rows import Row, Section, number, spenders
from tests.bench.spec import Json

FILE = Path(".run") / "bench.json"
LIBRARIES = ("asyncpg", "aiokafka", "faststream", "fastapi", "uvloop", "pydantic")
SUSTAINED_HEAD = ("intake, orders", "64 in flight", "256", "sustained/s", "CPU s/1,000", "of which")
LATENCY_HEAD = ("rate", "intake", "p50", "p90", "p99", "p99.9", "max", "CPU s/1,000")
RATIO_HEAD = ("compared with", "median", "range")
TURN_HEAD = ("turn", "ours by Kafka", "ours by HTTP", "plain FastStream", "limits")
COST_HEAD = ("process", "CPU s/1,000", "resident MB", "MB per 10 min", "idle, % of a core")


def machine() -> Json:
    """What it was run on."""
    cpu = "unknown"
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [one for one in info.read_text().splitlines() if one.startswith("model name")]
        cpu = named[0].partition(":")[2].strip() if named else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": sys.version,
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def document(found: Json, failures: list[str], **more: Any) -> Json:
    """The figures that the interface names first."""
    first = found.get("sustained", {}).get("kafka standard", {})
    named = {
        "passed": not failures,
        "failures": failures,
        "sustained_orders_s": found.get("sustained_orders_s"),
        "ratios": found.get("ratios", {}),
        "latency_ms": found.get("latency_ms", {}),
        "cpu_s_per_1000": first.get("cpu_s_per_1000", {}),
    }
    return {
        **named,
        **more,
        "machine": machine(),
        **{k: v for k, v in found.items() if k not in named},
    }


def write(content: Json, file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2) + "\n")


def tables(told: Json) -> Group:
    """All that were made, for a terminal."""
    made = [_table(section.head, section.rows(told)) for section in SECTIONS]
    return Group(*(one for one in made if one.row_count))


def sustained_rows(told: Json) -> list[Row]:
    return [
        (
            name,
            number(one["in_flight"].get("64")),
            number(one["in_flight"].get("256")),
            number(one["orders_s"]),
            number(one["cpu_s_per_1000"]["total"]),
            spenders(one["cpu_s_per_1000"]),
        )
        for name, one in told.get("sustained", {}).items()
    ]


def latency_rows(told: Json) -> list[Row]:
    rows: list[Row] = []
    for intake, member in (("kafka", "latency_ms"), ("http", "latency_ms_http")):
        for rate, one in told.get(member, {}).items():
            if one is None:
                rows.append((rate, intake, *("saturated", "", "", "", "", "")))
                continue
            shown = f"half: {one['rate']:g}" if rate == "half" else rate
            times = [number(one.get(name)) for name in ("p50", "p90", "p99", "p99_9", "max")]
            rows.append((shown, intake, *times, number(one["cpu_s_per_1000"]["total"])))
    return rows


def ratio_rows(told: Json) -> list[Row]:
    return [
        (name, number(one["median"]), f"{one['low']:g} – {one['high']:g}")
        for name, one in told.get("ratio_ranges", {}).items()
    ]


def turn_rows(told: Json) -> list[Row]:
    return [
        (
            str(turn),
            number(one["ours"].get("kafka")),
            number(one["ours"].get("http")),
            number((one["faststream"] or {}).get("orders_s")),
            ", ".join(f"{name} {number(rate)}" for name, rate in one["limits"].items()),
        )
        for turn, one in enumerate(told.get("pairs", []), 1)
    ]


def cost_rows(told: Json) -> list[Row]:
    """By process, of standard orders by Kafka in the window that was sustained."""
    first = told.get("sustained", {}).get("kafka standard")
    if first is None:
        return []
    members = (
        first["cpu_s_per_1000"],
        first["rss_mb"],
        first["rss_mb_per_10_min"],
        told.get("idle_cpu_percent", {}),
    )
    rows = [(name, *(number(one.get(name)) for one in members)) for name in first["cpu_s_per_1000"]]
    stored = ", ".join(f"{name} {size}" for name, size in first["bytes_per_order"].items())
    return [*rows, ("bytes of an order", stored, "", "", "")]


SECTIONS = (
    Section("Highest sustained rates", SUSTAINED_HEAD, sustained_rows),
    Section("Placed to confirmed, ms", LATENCY_HEAD, latency_rows),
    Section("Ratios, ours to theirs", RATIO_HEAD, ratio_rows),
    Section("Orders a second in turns", TURN_HEAD, turn_rows),
    Section("Cost of a service", COST_HEAD, cost_rows),
    *strains.SECTIONS,
)


def _table(head: tuple[str, ...], rows: list[Row]) -> Table:
    made = Table(box=None, pad_edge=False)
    for name in head:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made
