"""Orders that keep coming: one every two seconds, most of them delivered."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import datetime

import aiohttp

from local_runtime import demo_orders
from local_runtime.demo_checks import (
    CANCELLED_PENDING,
    DELIVERED,
    REJECTED_BOTH,
    REJECTED_DECLINED,
    REJECTED_OUT_OF_STOCK,
    Outcome,
)
from local_runtime.demo_screen import Stream
from local_runtime.demo_system import RefusedError, System
from local_runtime.polling import StillWaitingError

INTERVAL_S = 2.0
UNDER_WAY_MAX = 20
MIX = (
    DELIVERED,
    DELIVERED,
    REJECTED_DECLINED,
    DELIVERED,
    CANCELLED_PENDING,
    DELIVERED,
    REJECTED_OUT_OF_STOCK,
    DELIVERED,
    REJECTED_BOTH,
)


async def trickle(system: System, run: str, stream: Stream) -> None:
    """Until cancelled; at most ``UNDER_WAY_MAX`` orders are under way at once."""
    slots = asyncio.Semaphore(UNDER_WAY_MAX)
    async with asyncio.TaskGroup() as group:
        for number, outcome in _endless():
            await slots.acquire()
            task = group.create_task(_order(system, f"{run}-{number}", outcome, stream))
            task.add_done_callback(lambda _: slots.release())
            await asyncio.sleep(INTERVAL_S)


def _endless() -> Iterator[tuple[int, Outcome]]:
    return enumerate(itertools.cycle(MIX), 1)


async def _order(system: System, run: str, outcome: Outcome, stream: Stream) -> None:
    """One order to its end; a system that is broken on purpose meanwhile ends no demo."""
    started_s = time.monotonic()
    order_id = "no order"
    try:
        order_id = await demo_orders.place(system, outcome, run)
        status = await demo_orders.take_to_its_end(system, order_id, outcome)
        told = ", ".join([status, *(await system.order(order_id))["reasons"]])
    except (RefusedError, StillWaitingError, aiohttp.ClientError, TimeoutError) as error:
        told = f"{type(error).__name__}: {error}"[:200]
    clock = datetime.now().astimezone().strftime("%H:%M:%S")
    stream.show(clock, order_id, told, time.monotonic() - started_s)
