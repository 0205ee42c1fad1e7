"""The blind sweep: a service is killed at its N-th write to a socket, wherever that is."""

import asyncio
import random
import signal
from functools import partial
from pathlib import Path

from tests.proof.arena import SERVICES, Arena
from tests.proof.fault import Fault, Witness

WRITES = "sendto,sendmsg,write,writev"
NTH_MAX, SWEEP = 40, 40


async def kill_at_a_write(arena: Arena, luck: random.Random, nth: int = 0) -> Witness:
    """Every service in turn, each at another write when ``nth`` is 0: drawn by the seed."""
    told = [await _kill(arena, one, nth or luck.randint(1, NTH_MAX)) for one in SERVICES]
    return Witness(", ".join(told), len(told))


async def _kill(arena: Arena, service: str, nth: int) -> str:
    instance = f"{service}-0"
    await arena.system.wait_ready()
    node = arena.system.node(instance)
    pid = node.pid
    end = asyncio.create_task(node.exited())
    trace = arena.shop.crash_dir.parent / f"strace-{instance}"
    strace = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-qq", "-p", str(pid), "-o", str(trace), "-e", f"trace={WRITES}"),
        *("-e", f"inject={WRITES}:signal=KILL:when={nth}"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            code = await end
    finally:
        end.cancel()
        if strace.returncode is None:
            await asyncio.wait({asyncio.create_task(strace.wait())}, timeout=5)
        if strace.returncode is None:
            strace.terminate()
            await strace.wait()
    assert code == -signal.SIGKILL, f"{instance} ended with {code}"
    what = await asyncio.to_thread(_last_call, trace)
    await arena.system.wait_replaced(instance, pid)
    return f"{instance} at its write {nth}, {what}"


def _last_call(trace: Path) -> str:
    """The name of the call at which the signal came."""
    lines = trace.read_text(errors="replace").splitlines()
    trace.unlink()
    assert any("killed by SIGKILL" in one for one in lines), "strace tells of no death"
    calls = [one.split()[1].partition("(")[0] for one in lines if "(" in one]
    return calls[-1] if calls else "unknown"


FAULTS = [
    Fault("F1.blind", "SIGKILL at a write drawn by the seed", kill_at_a_write, needs="strace"),
    *(
        Fault(
            f"F1.blind-{nth}",
            f"SIGKILL at write {nth} of every service",
            partial(kill_at_a_write, nth=nth),
            needs="strace",
            full_only=True,
        )
        for nth in range(1, SWEEP + 1)
    ),
]
