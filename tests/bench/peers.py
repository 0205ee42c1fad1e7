"""What users would pick instead, run by its own scripts where it is installed."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.spec import Json
from tests.support.corpora import BESIDE

FASTSTREAM = "faststream"
PGBENCH = "pgbench"
IN_FLIGHT = 64
RATES = (20, 100)
# The most that the peers' driver waits for the machine to be quiet, at each measurement.
QUIET_S = 8
END_TIMEOUT_S = 20.0


class PeerFailedError(RuntimeError):
    """A peer did not come to a result."""


def asked(usual: Sequence[str]) -> tuple[str, ...]:
    """Whom ``PEERS`` names, by comma; the ``usual`` ones where it is not set."""
    named = os.environ.get("PEERS")
    return tuple(usual) if named is None else tuple(named.replace(",", " ").split())


def folder() -> Path:
    """``ORDERPROOF_PEERS``, or ``shared/peers`` beside the project."""
    return Path(os.environ.get("ORDERPROOF_PEERS") or BESIDE.parent / "peers")


def home() -> Path:
    """Where the peers' own install script has put what they need."""
    usual = Path(os.environ.get("TMPDIR") or tempfile.gettempdir()) / "orderproof-peers"
    return Path(os.environ.get("PERF_HOME") or usual)


def missing() -> str | None:
    """Why the FastStream peer cannot run; None when it can."""
    script = folder() / "faststream_naive" / "run.sh"
    if not script.exists():
        return "no peers: set ORDERPROOF_PEERS"
    needed = (home() / "venv" / "bin" / "python", home() / "build" / "kafka" / "libs" / ".ok")
    if not all(one.exists() for one in needed):
        return "the peers are not installed: run their install.sh with: base kafka"
    return None


def python() -> str:
    """The version and build of Python that runs them, as ``sys.version`` has it."""
    ask = [str(home() / "venv" / "bin" / "python"), "-c", "import sys; print(sys.version)"]
    return subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()


async def faststream(seconds: float) -> Json:
    """One repetition: ``orders_s``, ``cpu_s_per_1000`` and ``latency_ms`` by rate.

    Raises ``PeerFailedError`` when there is no result.
    """
    environment = {
        **os.environ,
        "PERF_HOME": str(home()),
        "SECS": f"{seconds + 3:g}",
        "REPS": "1",
        "INFLIGHT": str(IN_FLIGHT),
        "RATE": " ".join(map(str, RATES)),
        "WAITQ": str(QUIET_S),
    }
    environment.pop("WORKERS", None)
    told = await _run([str(folder() / "faststream_naive" / "run.sh")], environment)
    try:
        found = json.loads(told.splitlines()[-1])
        closed = found[f"closed_{IN_FLIGHT}"]
    except (ValueError, IndexError, KeyError) as error:
        raise PeerFailedError(told[-500:] or "no result") from error
    return {
        "orders_s": closed["orders_s"],
        "cpu_s_per_1000": closed["cpu_s_per_1000"],
        "other_cpus": closed["other_cpus"],
        "latency_ms": {
            str(rate): {name: open_[f"{name}_ms"] for name in ("p50", "p99")}
            for rate in RATES
            if isinstance(open_ := found.get(f"open_{rate}"), dict)
        },
    }


async def down() -> None:
    """End the database server that the peers' scripts leave running."""
    if missing() is None:
        script = ". common/env.sh; pg_down; kafka_down"
        with contextlib.suppress(PeerFailedError):
            await _run(["bash", "-c", script], {**os.environ, "PERF_HOME": str(home())})


async def _run(command: list[str], environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder(),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        told, _ = await process.communicate()
    except BaseException:
        # The script, and the servers that it has started.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return told.decode()
