"""The detached supervisor: started by ``up --detach``, ended by ``down``."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_runtime.config import WITH_CONSOLE, StackConfig
from local_runtime.endpoints import read_json
from local_runtime.paths import RunDir
from local_runtime.polling import StillWaitingError, until
from local_runtime.processes import tail_of
from local_runtime.run_lock import AlreadyRunningError, holder
from local_runtime.runtimes.choice import RuntimeName, choose
from local_runtime.session import Session

_START_TIMEOUT_S = 600.0
# Its parts end one after the other, PostgreSQL last: that has half a minute for its checkpoint.
_STOP_TIMEOUT_S = 40.0


async def start_detached(config: StackConfig, runtime: RuntimeName) -> Mapping[str, Any]:
    """Start the supervisor as a process of its own; return its state once it is settled."""
    run_dir = RunDir.at(config.run_dir)
    if holder(run_dir) is not None:
        raise AlreadyRunningError(f"a stack runs in {run_dir.root}; stop it: orderproof down")
    run_dir.state.unlink(missing_ok=True)
    process = _spawn(config, runtime, run_dir)
    state: dict[str, Any] = {}

    async def settled() -> bool:
        ended = process.poll() is not None
        state.update(_state_of(process.pid, run_dir))
        return ended or state.get("phase") == "ready"

    await until(settled, timeout_s=_START_TIMEOUT_S, what="the start of the stack")
    return state or {"phase": "failed", "reason": tail_of(run_dir.log("supervisor"))}


def _spawn(config: StackConfig, runtime: RuntimeName, run_dir: RunDir) -> "subprocess.Popen[bytes]":
    argv = [sys.executable, "-m", "local_runtime.daemon", str(run_dir.root)]
    argv += ["--instances", str(config.instances), "--runtime", runtime.value]
    argv += ["--partner-kafka"] if config.partner_listener else []
    with run_dir.log("supervisor").open("wb") as log:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _state_of(pid: int, run_dir: RunDir) -> dict[str, Any]:
    state = read_json(run_dir.state) or {}
    return state if state.get("pid") == pid else {}


async def stop_running(run_dir: RunDir) -> bool:
    """End the supervisor of the directory and all it runs; False when none lives there."""
    pid = holder(run_dir)
    if pid is None:
        return False

    async def ended() -> bool:
        return holder(run_dir) != pid

    os.kill(pid, signal.SIGTERM)
    try:
        await until(ended, timeout_s=_STOP_TIMEOUT_S, what="the end of the supervisor")
    except StillWaitingError:
        # The kernel takes its children with it.
        os.kill(pid, signal.SIGKILL)
        await until(ended, timeout_s=_STOP_TIMEOUT_S, what="the end of the supervisor")
    return True


def main() -> int:
    """Run the stack that the arguments describe until SIGTERM."""
    parser = argparse.ArgumentParser(prog="local_runtime.daemon")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("--instances", type=int, default=1)
    parser.add_argument("--runtime", type=RuntimeName, default=RuntimeName.EMBEDDED)
    parser.add_argument("--partner-kafka", action="store_true")
    given = parser.parse_args()
    config = StackConfig(
        run_dir=given.run_dir,
        instances=given.instances,
        services=WITH_CONSOLE,
        partner_listener=given.partner_kafka,
    )
    session = Session(config, choose(given.runtime, os.environ))
    code = asyncio.run(session.run(lambda _: None))
    if session.reason:
        sys.stderr.write(session.reason + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
