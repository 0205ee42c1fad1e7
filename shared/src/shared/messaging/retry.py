"""Retrying in place: jittered, bounded, and only what may pass by itself."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from shared.database.transient import is_transient
from shared.errors import PartitionStopped

FIRST_DELAY_S = 0.05
DELAY_MAX_S = 2.0
# With the longest statement (35 s) less than what a consumer may go without progress.
BUDGET_S = 20.0

T = TypeVar("T")
log = structlog.get_logger(__name__)


async def retry_transient(what: str, act: Callable[[], Awaitable[T]]) -> T:
    """Call ``act`` until it succeeds, fails for good, or ``BUDGET_S`` is used up."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + BUDGET_S
    delay_s = FIRST_DELAY_S
    while True:
        try:
            return await act()
        except PartitionStopped:
            raise
        except Exception as error:
            if not is_transient(error) or loop.time() > give_up_at:
                raise
            log.warning("retried", what=what, error=type(error).__name__, detail=str(error)[:200])
        await asyncio.sleep(delay_s * random.uniform(0.5, 1.5))  # noqa: S311
        delay_s = min(delay_s * 2, DELAY_MAX_S)
