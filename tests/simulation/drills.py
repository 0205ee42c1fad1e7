"""One order of each seed is led to a row of the orders' table that a fault shall come before.

What chance brings together only rarely is led there step by step: what a drill holds back stays
unread or undone, and the armed fault strikes the order at the first chance.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from shared.contracts import topics

from tests.simulation import outside, steps
from tests.simulation.cells import cell_of
from tests.simulation.faults import AT_CALLS
from tests.simulation.recipes import recipe
from tests.simulation.world import World

Settle: TypeAlias = Callable[[World], Awaitable[None]]

HELD = frozenset({topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT, "timers", "warehouse"})
TOPICS = {
    "payments": topics.PAYMENTS,
    "inventory": topics.INVENTORY,
    "fulfilment": topics.FULFILMENT,
}
RETRIED_AFTER_S, SETTLED_AFTER_S = (2, 4, 6, 8, 10), (2, 4, 10, 10, 25, 25)
UNITS, UNITS_SHORT = 2, 500
AT_DELIVERY = frozenset(
    {
        "crash-before-commit",
        "crash-after-commit",
        "group-stops",
        "relay-dies-after-ack",
        "relay-sends-late",
        "handler-fails",
    }
)


async def drill(world: World, settle: Settle) -> None:
    """Lead one order to the seed's cell; ``settle`` does what can be done without more time."""
    row, fault = cell_of(world.seed)
    world.note(f"drill {' '.join(row)} after {fault}")
    world.held, before = set(HELD), world.rows[row]
    _open_hands(world, is_open=False)
    one = _Drilled(world, settle, fault)
    for word in recipe(row, fault):
        if word[0] == "+":
            world.held.discard(TOPICS[word[1:]])
        elif word[0] == "-":
            world.held.add(TOPICS[word[1:]])
        else:
            await WORDS[word](one)
        await settle(world)
    world.held, world.armed, world.drilled = set(), {}, set()
    _open_hands(world, is_open=True)
    if world.rows[row] == before:
        world.note(f"drill missed {' '.join(row)}")


def _open_hands(world: World, *, is_open: bool) -> None:
    """Work that a drill may have to hold back must not begin by itself."""
    for hand in world.hands.values():
        hand.is_open = is_open


class _Drilled:
    """The order of this drill."""

    def __init__(self, world: World, settle: Settle, fault: str) -> None:
        self.world, self.settle, self.fault = world, settle, fault
        self.reference, self.units = "", UNITS

    @property
    def order_id(self) -> str:
        known = {name: order_id for order_id, name in self.world.references.items()}
        return known[self.reference]

    async def short(self) -> None:
        self.units = UNITS_SHORT

    async def place(self) -> None:
        world = self.world
        world.profile.orders += 1
        self.reference = outside.submit_drilled(world, self.units)
        world.drilled.add(self.reference)
        if self.fault == "waits-behind-parked":
            world.armed["handler-fails"] = ""
            outside.submit_again(world, self.reference)
        elif self.fault in AT_DELIVERY:
            world.armed[self.fault] = ""
        await self.settle(world)
        if self.fault == "garbage-record":
            steps.stray(world, self.order_id)
        if self.fault == "late-instance":
            await steps.apply_again(world, self.order_id)

    async def charge(self) -> None:
        """Calls that did not go well are made again."""
        for seconds in RETRIED_AFTER_S if self.fault in AT_CALLS else ():
            outside.pass_time(self.world, seconds)
            await self.settle(self.world)

    async def wait(self) -> None:
        """Until nothing was found twice; and what arrives late has arrived."""
        for seconds in SETTLED_AFTER_S:
            outside.pass_time(self.world, seconds)
            await self.settle(self.world)

    async def arrive(self) -> None:
        """What is under way for long arrives, and a sweep finds it."""
        for seconds in (60_000, 90_000):
            outside.pass_time(self.world, seconds)
            await self.settle(self.world)

    async def deadline(self) -> None:
        outside.pass_time(self.world, self.world.profile.deadline_s + 1)

    async def stall(self) -> None:
        self.world.strike("stale-timer", [self.order_id])
        self.world.stale.append([self.order_id])

    async def late(self) -> None:
        await outside.expire_late(self.world)

    async def timer(self) -> None:
        await outside.expire(self.world, await self.world.system.past_deadline())

    async def cancel(self) -> None:
        outside.ask_to_cancel(self.world, self.reference)

    async def ship(self) -> None:
        shipment_id = await self.world.system.dispatch(self.order_id, True)
        assert shipment_id is not None
        self.world.parcels.append(shipment_id)

    async def deliver(self) -> None:
        await self.world.system.deliver(self.world.parcels.pop())

    async def refund(self) -> None:
        owed = dict(await self.world.system.refundable())
        await self.world.system.refund(self.order_id, max(1, owed[self.order_id] // 2))


def _hold(what: str) -> Callable[[_Drilled], Awaitable[None]]:
    async def act(one: _Drilled) -> None:
        one.world.held.add(what)

    return act


def _free(what: str) -> Callable[[_Drilled], Awaitable[None]]:
    async def act(one: _Drilled) -> None:
        one.world.held.discard(what)

    return act


def _arm(kind: str, where: str) -> Callable[[_Drilled], Awaitable[None]]:
    """``kind``, or the drill's own fault, strikes the first call of this sort."""

    async def act(one: _Drilled) -> None:
        one.world.armed[kind or one.fault] = where

    return act


WORDS: Mapping[str, Callable[[_Drilled], Awaitable[Any]]] = {
    "short": _Drilled.short,
    "place": _Drilled.place,
    "charge": _Drilled.charge,
    "wait": _Drilled.wait,
    "arrive": _Drilled.arrive,
    "deadline": _Drilled.deadline,
    "stall": _Drilled.stall,
    "late": _Drilled.late,
    "timer": _Drilled.timer,
    "cancel": _Drilled.cancel,
    "ship": _Drilled.ship,
    "deliver": _Drilled.deliver,
    "refund": _Drilled.refund,
    "hold-work": _hold("work"),
    "free-work": _free("work"),
    "stall-call": _arm("lease-lost", "charge"),
    "hold-call": _hold("stalled"),
    "end-call": _free("stalled"),
    "decline": _arm("declined", "charge"),
    "wrong": _arm("wrong-amount", "charge"),
    "fail": _arm("http-500", "charge"),
    "late-answer": _arm("no-answer-done-late", "charge"),
    "not-made": _arm("no-answer-not-done", "charge"),
    "refund-not-made": _arm("no-answer-not-done", "refund"),
    "fault-at-charge": _arm("", "charge"),
    "fault-at-refund": _arm("", "refund"),
}
