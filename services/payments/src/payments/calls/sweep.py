"""The sweep: attempts whose time has come are asked about, and money found late is given back."""

import asyncio
from dataclasses import dataclass
from functools import partial

import structlog
from opentelemetry.trace import SpanKind
from shared.observability import tracing

from payments import store
from payments.calls import charging, refunding
from payments.calls.desk import Desk, Note
from payments.domain.attempts import ANSWER_GRACE
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


@dataclass
class Sweeper:
    """Sweeps a moment after it is told that something becomes due; nobody waits for the timer.

    One run at a time. A run that fails leaves its sweeps to the timer.
    """

    desk: Desk
    provider: Provider
    _timer: asyncio.TimerHandle | None = None
    _later: bool = False
    _again: bool = False
    _task: "asyncio.Task[None] | None" = None

    def wake(self) -> None:
        """What is due within ``ANSWER_GRACE`` from now will be asked then."""
        if self._timer is not None:
            self._later = True
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(ANSWER_GRACE.total_seconds(), self._start)

    def _start(self) -> None:
        self._timer = None
        if self._later:
            self._later = False
            self.wake()
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        else:
            self._again = True

    async def _run(self) -> None:
        try:
            while await sweep(self.desk, self.provider) == SWEEPS_MAX or self._again:
                self._again = False
        except Exception as error:
            log.warning("sweep-put-off", error=repr(error)[:300])
        finally:
            self._task = None


async def _ask(desk: Desk, provider: Provider, due: Sweep) -> None:
    with tracing.span(f"sweep {due.attempt.operation}", SpanKind.INTERNAL, due.traceparent):
        note = await _answer(provider, due)
        try:
            await desk.note(due.attempt, note)
        except Exception as error:
            # One attempt that cannot be recorded must not keep the others from being looked for.
            log.error("sweep-failed", order_id=due.attempt.order_id, error=repr(error)[:300])


async def _answer(provider: Provider, due: Sweep) -> Note:
    """Ask outside any transaction; gives what to record of the answer."""
    if due.attempt.operation == "charge":
        charge = await provider.find_charge(due.provider_key)
        return partial(charging.swept, sweep=due, answer=charge)
    refund = await provider.find_refund(due.provider_key)
    return partial(refunding.swept, sweep=due, answer=refund)
