"""What processes use: CPU seconds and resident memory by name, their children included."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

Cpu = dict[str, float]
MB = 1024 * 1024
TEN_MINUTES_S = 600.0


@dataclass(frozen=True)
class Groups:
    """Process ids by name; those of one name are counted together."""

    pids: Mapping[str, list[int]]

    def cpu_s(self) -> Cpu:
        """User and system time so far; a child that has ended is in its parent's."""
        return {
            name: sum(cpu_s_of(each) for pid in pids for each in tree(pid))
            for name, pids in self.pids.items()
        }

    def rss_mb(self) -> dict[str, float]:
        """Resident memory; what the processes of one name share is counted once."""
        return {
            name: _resident(each for pid in pids for each in tree(pid)) / MB
            for name, pids in self.pids.items()
        }


def machine_s() -> float:
    """What all processes of the machine have used, in CPU seconds."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - _guests_s(times))


def used(before: Cpu, after: Cpu) -> Cpu:
    """What was used between two moments, in seconds; processes begun meanwhile count from 0."""
    return {name: round(_more(before.get(name, 0.0), at), 3) for name, at in after.items()}


def per_1000(used_s: Cpu, orders: int) -> Cpu:
    """CPU seconds per 1,000 orders, with their sum as ``total``."""
    each = {name: round(spent / max(orders, 1) * 1000, 3) for name, spent in used_s.items()}
    return {**each, "total": round(sum(each.values()), 3)}


def slope(samples: Iterable[tuple[float, float]]) -> float:
    """The least-squares slope of (x, y); 0 for fewer than two x."""
    points = list(samples)
    if not points:
        return 0.0
    middle_x = sum(x for x, _ in points) / len(points)
    middle_y = sum(y for _, y in points) / len(points)
    spread = sum((x - middle_x) ** 2 for x, _ in points)
    if not spread:
        return 0.0
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread


def mb_per_10_min(samples: Iterable[tuple[float, float]]) -> float:
    """The slope of (seconds, MB)."""
    return round(slope(samples) * TEN_MINUTES_S, 2)


def tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_s_of(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def _more(before_s: float, after_s: float) -> float:
    """One that was replaced has used less than the one before it."""
    return after_s - before_s if after_s >= before_s else after_s


def _guests_s(times: Any) -> float:
    """Linux counts a guest's time in the host's, too."""
    return float(getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0))


def _resident(processes: Iterable[psutil.Process]) -> int:
    own, shared = 0, 0
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            found = each.memory_info()
            common = getattr(found, "shared", 0)
            own += found.rss - common
            shared = max(shared, common)
    return own + shared
