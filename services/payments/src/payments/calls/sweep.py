"""The sweep: charges thought not made are asked about again, and given back when they are found."""

import asyncio
from functools import partial

import structlog

from payments import store
from payments.calls import charging
from payments.calls.desk import Desk
from payments.provider import Provider
from payments.store import Sweep

SWEEPS_MAX = 50

log = structlog.get_logger(__name__)


async def sweep(desk: Desk, provider: Provider) -> int:
    """Ask about every attempt whose time has come, at most ``SWEEPS_MAX``; gives how many.

    A sweep whose answer is unknown, or is lost in a crash, comes again when its claim runs out.
    """
    transactions = desk.transactions
    async with transactions.pool.acquire() as db:
        now = await transactions.clock.now(db)
        due = await store.claim_sweeps(db, now, desk.lease_s, SWEEPS_MAX)
    await asyncio.gather(*(_ask(desk, provider, one) for one in due))
    return len(due)


async def _ask(desk: Desk, provider: Provider, due: Sweep) -> None:
    answer = await provider.find_charge(due.provider_key)
    try:
        await desk.note(due.attempt, partial(charging.swept, sweep=due, answer=answer))
    except Exception as error:
        # One attempt that cannot be recorded must not keep the others from being looked for.
        log.error("sweep-failed", order_id=due.attempt.order_id, error=repr(error)[:300])
