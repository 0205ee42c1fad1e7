"""A time limit of its own for a seed: one that hangs, or goes in circles, ends within seconds."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FrameType

# A seed takes a tenth of a second in memory, and one or two on PostgreSQL; its own work is less.
SECONDS_MAX, CPU_SECONDS_MAX = 30.0, 15.0


class TooLong(BaseException):
    """The seed must end; nothing of ours may catch it. Its cause says where it was."""


@asynccontextmanager
async def limited() -> AsyncIterator[None]:
    """Raises ``TooLong`` in what waits too long, or works too long without a pause."""
    with _at_work():
        async with asyncio.timeout(SECONDS_MAX) as limit:
            try:
                yield
            except asyncio.CancelledError as cut:
                if not limit.expired():
                    raise
                raise TooLong(f"nothing ended it for {SECONDS_MAX:g} s") from cut


@contextmanager
def _at_work() -> Iterator[None]:
    """No timer of the loop acts on what never lets go of it; a signal does, in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS_MAX, CPU_SECONDS_MAX)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise TooLong(f"it worked for {CPU_SECONDS_MAX:g} s")
