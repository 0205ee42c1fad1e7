"""One load as the benchmark sees it: the generator's process, its progress and its outcome."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from local_runtime.paths import repository_root

from tests.bench.spec import Json, Outcome, Spec

LINE_BYTES_MAX = 1_000_000
END_TIMEOUT_S = 30.0


class GeneratorFailedError(RuntimeError):
    """The generator ended without an outcome."""


@dataclass
class Load:
    """A generator that runs; ``begun`` once it is about to place the first order."""

    process: asyncio.subprocess.Process
    told: Callable[[Json], None]
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def outcome(self) -> Outcome:
        """Follow it to its end."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            document = json.loads(line)
            if "outcome" in document:
                return Outcome(**document["outcome"])
            self.begun.set()
            self.told(document["progress"])
        raise GeneratorFailedError(f"exit code {await self.process.wait()}")

    def stop(self) -> None:
        """It tells what there is, and waits for nothing more."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(b"stop\n")


@asynccontextmanager
async def a_load(spec: Spec, told: Callable[[Json], None]) -> AsyncIterator[Load]:
    """A generator for ``spec``, gone at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.generator",
        json.dumps(spec.document()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=repository_root(),
        limit=LINE_BYTES_MAX,
        # Ctrl-C is for the benchmark, which ends its generator itself.
        start_new_session=True,
    )
    try:
        yield Load(process, told)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(END_TIMEOUT_S):
                await process.wait()
        except BaseException:
            process.kill()
            await process.wait()
            raise
