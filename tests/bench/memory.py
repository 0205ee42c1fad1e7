"""Resident memory of this process: what it has now, and the most since a moment."""

import gc
from pathlib import Path

STATUS = Path("/proc/self/status")
# Linux, proc(5): 5 resets the peak resident set size to the current one.
FORGET_PEAK = Path("/proc/self/clear_refs"), "5"


def settled_mb() -> float:
    """What is resident once garbage was collected, in MB; the peak is counted from here on."""
    gc.collect()
    place, text = FORGET_PEAK
    place.write_text(text)
    return _mb("VmRSS")


def peak_mb() -> float:
    """The most that was resident since ``settled_mb`` was last asked, in MB."""
    return _mb("VmHWM")


def _mb(name: str) -> float:
    [line] = [one for one in STATUS.read_text().splitlines() if one.startswith(f"{name}:")]
    return round(int(line.split()[1]) / 1024, 1)
