"""One order of each outcome, taken to its end and judged by what the outside saw of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import aiohttp

from local_runtime import demo_orders
from local_runtime.demo_checks import DELIVERED, OTHERS, Outcome, problems
from local_runtime.demo_system import RefusedError, System
from local_runtime.polling import StillWaitingError

Judged = dict[str, Any]
FAILURES = (RefusedError, StillWaitingError, aiohttp.ClientError, TimeoutError)


async def judge_each(system: System, run: str, delivered_id: str) -> list[Judged]:
    """A judgement for each outcome; ``delivered_id`` is the order that was narrated.

    All are looked at again at the end, so that nothing that came late goes unseen.
    """
    ids = await asyncio.gather(
        _settled(system, run, DELIVERED, delivered_id),
        *(_settled(system, run, outcome) for outcome in OTHERS),
    )
    pairs = zip((DELIVERED, *OTHERS), ids, strict=True)
    return [await _judge(system, run, outcome, told) for outcome, told in pairs]


def all_as_told(judged: Sequence[Judged]) -> bool:
    return all(one["as_told"] for one in judged)


async def _settled(
    system: System, run: str, outcome: Outcome, order_id: str = ""
) -> str | Exception:
    """The order's id once all is as told or the time is over; or why there is none."""
    try:
        if not order_id:
            order_id = await demo_orders.place(system, outcome, run)
            await demo_orders.take_to_its_end(system, order_id, outcome)
        await demo_orders.settle(system, order_id, outcome, run)
    except FAILURES as error:
        return error
    return order_id


async def _judge(system: System, run: str, outcome: Outcome, told: str | Exception) -> Judged:
    if isinstance(told, Exception):
        return _row(outcome, "", "unknown", 0, [str(told) or type(told).__name__])
    seen = await demo_orders.look(system, told, outcome, run)
    return _row(outcome, told, seen.status, seen.net_minor, problems(outcome, seen))


def _row(
    outcome: Outcome, order_id: str, status: str, net_minor: int, wrong: Sequence[str]
) -> Judged:
    return {
        "outcome": outcome.name,
        "order_id": order_id,
        "status": status,
        "net_minor": net_minor,
        "as_told": not wrong,
        "problems": list(wrong),
    }
