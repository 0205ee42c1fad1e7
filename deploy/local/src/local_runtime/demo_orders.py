"""Takes orders to their end, each on the way its outcome tells."""

from typing import Any

from local_runtime.demo_checks import CANCELLED_PENDING, Found, Outcome, found, problems
from local_runtime.demo_system import System
from local_runtime.polling import StillWaitingError, until

STEP_TIMEOUT_S = 30.0
SETTLE_TIMEOUT_S = 60.0
SETTLE_POLL_S = 0.25


async def place(system: System, outcome: Outcome, run: str) -> str:
    """Stock the shelf as the outcome wants it, then order; gives the order's id."""
    basket = outcome.basket(run)
    await system.receive_stock({basket.sku: outcome.in_stock})
    return await system.place(basket)


async def take_to_its_end(system: System, order_id: str, outcome: Outcome) -> str:
    """Do what customer and warehouse do on this way; gives the order's last status."""
    if outcome is CANCELLED_PENDING:
        await cancel_during_the_charge(system, order_id)
    elif outcome.is_delivered:
        await wait_for(system, order_id, "decided")
        await send(system, order_id)
    return await wait_for(system, order_id, "terminal")


async def cancel_during_the_charge(system: System, order_id: str) -> None:
    """Cancel once the provider was called and has not answered: the hardest moment."""

    async def called() -> bool:
        payment = await system.payment(order_id)
        return bool(payment and any(one["call_started_at"] for one in payment["attempts"]))

    await until(called, timeout_s=STEP_TIMEOUT_S, what="the call of the payment provider")
    await system.cancel(order_id)


async def send(system: System, order_id: str, traceparent: str = "") -> None:
    """Dispatch everything and have it delivered."""
    shipment_id = await dispatch(system, order_id, traceparent)
    await system.deliver(shipment_id, traceparent)


async def dispatch(system: System, order_id: str, traceparent: str = "") -> str:
    """Send everything as soon as the warehouse was told; gives the shipment's id."""
    told: list[dict[str, Any]] = []

    async def opened() -> bool:
        fulfilment_order = await system.fulfilment_order(order_id)
        if fulfilment_order is not None:
            told.append(fulfilment_order)
        return bool(told)

    await until(opened, timeout_s=STEP_TIMEOUT_S, what="the fulfilment order")
    return await system.dispatch(told[0], traceparent)


async def wait_for(system: System, order_id: str, goal: str) -> str:
    """Long-poll until the order is ``decided`` or ``terminal``; gives its status then."""
    statuses: list[str] = []

    async def there() -> bool:
        statuses.append(str((await system.order(order_id, goal))["status"]))
        return has_reached(goal, statuses[-1])

    await until(there, timeout_s=STEP_TIMEOUT_S, what=f"a {goal} order")
    return statuses[-1]


def has_reached(goal: str, status: str) -> bool:
    """Whether ``status`` is ``decided`` or ``terminal``."""
    if goal == "terminal":
        return status in ("rejected", "expired", "cancelled", "delivered")
    return status not in ("pending", "cancelling")


async def look(system: System, order_id: str, outcome: Outcome, run: str) -> Found:
    """What provider, shelf and mailbox say of the order now."""
    return found(
        await system.order(order_id),
        await system.book(),
        await system.stock(outcome.basket(run).sku),
        await system.mails(order_id),
    )


async def settle(system: System, order_id: str, outcome: Outcome, run: str) -> None:
    """Wait until all is as told: refunds and mails come after the order's end. Never raises."""

    async def as_told() -> bool:
        return not problems(outcome, await look(system, order_id, outcome, run))

    try:
        await until(
            as_told, timeout_s=SETTLE_TIMEOUT_S, interval_s=SETTLE_POLL_S, what="the settlement"
        )
    except StillWaitingError:
        # The judgement at the end names what is missing.
        return
