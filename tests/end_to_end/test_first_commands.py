"""What a newcomer types first, as the pages say it: the demo; up, status and down."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import psutil
from local_runtime.config import WITH_CONSOLE

from tests.support.documented import ROOT, commands

TIMEOUT_S = 160
# A network that has only loopback; the first run has fetched all that is needed.
OFFLINE = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


async def test_the_demo_leads_every_order_as_told_and_leaves_nothing(tmp_path: Path) -> None:
    """Where the network can be taken away, it is."""
    can = os.geteuid() == 0 and shutil.which("ip") and shutil.which("unshare")
    words = ("make", "demo", f"ARGS=--once --run-dir {tmp_path}/run")

    code, told = await _run(*(OFFLINE if can else ()), *words)

    assert code == 0, told
    assert "delivered" in told
    opens = r"Look at the order, and at all others:\s+http://127\.0\.0\.1:\d+/orders/ord_\w+"
    assert re.search(opens, told)
    assert _running_below(tmp_path) == []


async def test_chaos_is_told_by_the_console_and_all_is_well_at_the_end(tmp_path: Path) -> None:
    words = ("make", "demo", f"ARGS=--once --chaos --run-dir {tmp_path}/run")

    code, told = await _run(*words)

    assert code == 0, told
    assert told.count("red after") == told.count("well again after") == 3, told
    for says in ("calls unknown", "parked in", "inventory does not answer"):
        assert says in told
    assert _running_below(tmp_path) == []


async def test_what_was_started_is_shown_and_goes_down_again(tmp_path: Path) -> None:
    shown = [one.text for one in commands(["docs/replay.md"])]
    up, down = shown[0], shown[-1]
    assert (up, down) == ("orderproof up --detach", "orderproof down")

    started = await _orderproof(up, tmp_path)
    try:
        code, told = await _orderproof("orderproof status --json", tmp_path)
    finally:
        stopped = await _orderproof(down, tmp_path)

    assert started[0] == 0, started[1]
    assert code == 0, told
    ready = {one["name"]: one["ready"] for one in json.loads(told)["instances"]}
    services = {f"{one}-0" for one in WITH_CONSOLE}
    assert services <= ready.keys()
    assert all(ready.values())
    assert stopped[0] == 0, stopped[1]
    assert (await _orderproof("orderproof status", tmp_path))[0] == 1
    assert _running_below(tmp_path) == []


async def _orderproof(command: str, folder: Path) -> tuple[int, str]:
    name, *words = command.split()
    return await _run(
        str(Path(sys.executable).with_name(name)), *words, "--run-dir", f"{folder}/run"
    )


async def _run(*words: str) -> tuple[int, str]:
    """Exit code and output of a command that is typed at the project's root."""
    process = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            told, _ = await process.communicate()
    except BaseException:
        process.terminate()
        await process.wait()
        raise
    assert process.returncode is not None
    return process.returncode, told.decode()


def _running_below(folder: Path) -> list[list[str]]:
    """Processes that were told of the folder, as all of a stack are."""
    lines = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    return [line for line in lines if any(str(folder) in word for word in line)]
