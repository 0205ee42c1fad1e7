"""One order told live: placed, paid and reserved and mailed side by side, confirmed, delivered."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from shared.observability.spans import Span, roots_of

from local_runtime import demo_orders
from local_runtime.demo_checks import DELIVERED
from local_runtime.demo_milestones import Milestone, milestones
from local_runtime.demo_system import Basket, System
from local_runtime.demo_traces import Traces
from local_runtime.polling import StillWaitingError, until

STEP_TIMEOUT_S = 30.0
TRACE_TIMEOUT_S = 6.0
TRACE_QUIET_S = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Root:
    """The storefront's own span: the one root of the narrated order's trace."""

    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    start_ns: int = field(default_factory=time.time_ns)

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"

    def ended(self, name: str) -> Span:
        return Span(
            trace_id=self.trace_id,
            span_id=self.span_id,
            parent_id="",
            name=name,
            service="storefront",
            kind="client",
            start_ns=self.start_ns,
            end_ns=time.time_ns(),
        )


@dataclass
class Narrated:
    """The order that was told, and what became visible of it so far."""

    system: System
    say: Say
    order_id: str
    placed_at: datetime
    _said: set[str] = field(default_factory=set)

    async def until(self, *told: str) -> None:
        """Tell what happens as it happens, until something ``told`` ends so has happened."""

        async def reached() -> bool:
            seen = await self._look()
            return all(any(one.told.endswith(end) for one in seen) for end in told)

        await until(reached, timeout_s=STEP_TIMEOUT_S, what=" and ".join(told))

    async def _look(self) -> list[Milestone]:
        timeline, mails = await asyncio.gather(
            self.system.timeline(self.order_id), self.system.mails(self.order_id)
        )
        seen = milestones(timeline, mails)
        for one in seen:
            if one.key not in self._said:
                self._said.add(one.key)
                self.say(_line((one.at - self.placed_at).total_seconds(), one.told))
        return seen


async def narrate(system: System, traces: Traces, run: str, say: Say) -> tuple[str, str]:
    """Take one order to its delivery and tell it; gives the order's id and its trace's."""
    basket = DELIVERED.basket(run)
    await system.receive_stock({basket.sku: DELIVERED.in_stock})
    say(f"  Stock received: {DELIVERED.in_stock} of {basket.sku}")
    root = Root()
    order_id = await system.place(basket, root.traceparent)
    order = await system.order(order_id)
    narrated = Narrated(system, say, order_id, datetime.fromisoformat(order["placed_at"]))
    say(_line(0, f"placed {order_id}: {basket.quantity} × {basket.sku}, {_money(basket)}"))
    await narrated.until("confirmed", "has been received”", "is confirmed”")
    shipment_id = await demo_orders.dispatch(system, order_id, root.traceparent)
    await narrated.until("shipped", "is on its way”")
    await system.deliver(shipment_id, root.traceparent)
    await narrated.until("delivered", "was delivered”")
    await traces.add(root.ended("buy"))
    return order_id, root.trace_id


async def whole_trace(traces: Traces, trace_id: str) -> list[Span]:
    """The trace once services have sent their spans: one root, and nothing new for a second."""
    seen = 0
    quiet_since_s = time.monotonic()

    async def complete() -> bool:
        nonlocal seen, quiet_since_s
        now_s = time.monotonic()
        trace = await traces.trace(trace_id)
        if len(trace) != seen:
            seen, quiet_since_s = len(trace), now_s
        return len(roots_of(trace)) == 1 and now_s - quiet_since_s >= TRACE_QUIET_S

    # The tree itself says when it has more than one root.
    with contextlib.suppress(StillWaitingError):
        await until(complete, timeout_s=TRACE_TIMEOUT_S, what="the trace")
    return await traces.trace(trace_id)


def _line(seconds: float, told: str) -> str:
    return f"  {seconds:7.3f} s  {told}"


def _money(basket: Basket) -> str:
    return f"{basket.total_minor / 100:.2f} GBP"
