"""A flame graph of each service under load, by py-spy, which looks on from outside."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(".run") / "flames"
SAMPLES_PER_S = 100


async def graphs(pids: Mapping[str, int], seconds: float, folder: Path = FOLDER) -> list[str]:
    """Write ``<service>.svg`` for each; returns what went wrong, in words."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    told = await asyncio.gather(
        *(_recorded(pid, seconds, folder / f"{name}.svg") for name, pid in pids.items())
    )
    return [f"flame graph of {name}: {why}" for name, why in zip(pids, told, strict=True) if why]


async def _recorded(pid: int, seconds: float, file: Path) -> str:
    """Why there is no graph; empty when there is one."""
    length = ["--duration", str(max(1, round(seconds))), "--rate", str(SAMPLES_PER_S)]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("py-spy")),
        *("record", "--pid", str(pid), "--output", str(file), "--nonblocking", *length),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, told = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    return "" if process.returncode == 0 else told.decode(errors="replace")[-300:]
