"""Steps of customers, storefronts, the warehouse, timers and time itself."""

import json
from collections.abc import Mapping
from datetime import timedelta

from payments.provider import Charge
from shared.contracts.event import Event
from shared.contracts.storefront import SUBMISSION_EXAMPLE as EXAMPLE
from shared.contracts.storefront import OrderCancellationSubmitted, OrderSubmitted
from shared.messaging.envelope import encode_headers

from tests.simulation.calls import begin_born
from tests.simulation.world import DRILLED_SKU, SKUS, World

PRICE_MINOR = 255
STALLED_STEPS, STALLED_TIMERS = 60, 3


def submit(world: World) -> bool:
    """A storefront submits an order; sometimes one that it has submitted before."""
    if world.submitted and world.rng.random() < 0.1:
        submit_again(world, world.rng.choice(sorted(world.submitted)))
        return True
    if len(world.submitted) >= world.profile.orders:
        return False
    skus = world.rng.sample(SKUS, world.rng.choice((1, 1, 2)))
    _submit(world, {sku: world.rng.choice((1, 2, 4)) for sku in skus})
    return True


def submit_drilled(world: World, units: int) -> str:
    """An order of goods that nobody else orders; gives its reference."""
    return _submit(world, {DRILLED_SKU: units})


def _submit(world: World, units: Mapping[str, int]) -> str:
    reference = f"web-{len(world.submitted) + 1}"
    world.submitted[reference] = {
        **EXAMPLE,
        "client_reference": reference,
        "lines": [
            {"sku": sku, "quantity": quantity, "unit_price_minor": PRICE_MINOR}
            for sku, quantity in units.items()
        ],
        "total_minor": sum(units.values()) * PRICE_MINOR,
    }
    submit_again(world, reference)
    return reference


def submit_again(world: World, reference: str) -> None:
    body = world.submitted[reference]
    _send(world, OrderSubmitted(body=body), reference, json.dumps(body).encode())


def _send(world: World, event: Event, key: str, value: bytes) -> None:
    world.strays += 1
    world.note(f"storefront {type(event).__name__} {key[-6:]}")
    headers = encode_headers(event, f"web-{world.strays}", world.clock.time, 1, "")
    world.broker.send(event.topic, key.encode(), value, headers)


async def customer(world: World) -> bool:
    """Somebody cancels, or people give some money back."""
    if world.submitted and world.rng.random() < world.profile.cancels:
        ask_to_cancel(world, await _whom(world))
        return True
    if world.rng.random() < world.profile.refunds:
        return await _refund(world)
    return False


def ask_to_cancel(world: World, reference: str) -> None:
    asked = OrderCancellationSubmitted(client_reference=reference)
    _send(world, asked, reference, asked.model_dump_json().encode())


async def _whom(world: World) -> str:
    """Any order; or one whose goods are about to leave, which is hardest to cancel."""
    if world.rng.random() < world.profile.late_cancels:
        going = {world.references[one] for one in await world.system.to_ship()}
        if going:
            return world.rng.choice(sorted(going))
    return world.rng.choice(sorted(world.submitted))


async def _refund(world: World) -> bool:
    owed = sorted(await world.system.refundable())
    if not owed:
        return False
    order_id, left = world.rng.choice(owed)
    minor = world.rng.choice((left, max(1, left // 3)))
    world.note(f"people refund {minor} of {order_id[-6:]}")
    await world.system.refund(order_id, minor)
    await begin_born(world)
    return True


async def warehouse(world: World) -> bool:
    """A parcel leaves, or arrives."""
    if world.waits("warehouse"):
        return False
    waiting = sorted(await world.system.to_ship())
    if world.parcels and (not waiting or world.rng.random() < 0.5):
        shipment = world.parcels.pop(world.rng.randrange(len(world.parcels)))
        world.note(f"delivered {shipment[-6:]}")
        await world.system.deliver(shipment)
        return True
    if not waiting:
        return False
    order_id = world.rng.choice(waiting)
    shipment_id = await world.system.dispatch(order_id, world.rng.random() < 0.7)
    if shipment_id is not None:
        world.note(f"dispatched {order_id[-6:]}")
        world.parcels.append(shipment_id)
    return True


async def timers(world: World) -> bool:
    """A deadline timer reads what has passed, and acts on it; or stalls in between."""
    if world.waits("timers") or world.stalled_until > len(world.history):
        return False
    order_ids = await world.system.past_deadline()
    if not order_ids:
        return False
    if world.roll("stale-timer", order_ids):
        world.strike("stale-timer", order_ids)
        world.stale += [order_ids] * STALLED_TIMERS
        world.stalled_until = len(world.history) + STALLED_STEPS
        return True
    await expire(world, order_ids)
    return True


async def expire_late(world: World) -> bool:
    """A stalled timer goes on with what it has read long ago."""
    if not world.stale:
        return False
    await expire(world, world.stale.pop(world.rng.randrange(len(world.stale))))
    return True


async def expire(world: World, order_ids: list[str]) -> None:
    world.note(f"deadline of {len(order_ids)}")
    await world.system.expire(order_ids)
    world.count_rows()


def time(world: World) -> bool:
    """A moment passes; a long one only while no call is under way."""
    seconds = world.rng.choice(world.profile.hurry_s)
    if seconds > 3 and any(not job.call.stalled for job in world.jobs):
        seconds = 0.5
    pass_time(world, seconds)
    return True


def pass_time(world: World, seconds: float) -> None:
    world.note(f"{seconds} s")
    world.clock.advance_to(world.clock.time + timedelta(seconds=seconds))
    for request, wrong in world.provider.catch_up():
        world.note(f"late {type(request).__name__}")
        if wrong and isinstance(request, Charge):
            world.strike("wrong-amount", [request.order_id])


async def news(world: World) -> bool:
    """The provider tells of an order by itself."""
    if not world.placed:
        return False
    await world.system.hear(world.rng.choice(world.placed))
    return True
