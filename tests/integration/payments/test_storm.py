"""Two instances, a provider that does everything wrong, stalls beyond every lease: books agree."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from payments.calls.desk import Desk
from payments.calls.perform import perform
from payments.calls.sweep import sweep
from payments.provider import Charge, ChargeAnswer, NotFound, Refund, RefundAnswer, Unknown
from shared.work.slots import Slots
from shared.work.worker import Worker

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import LIMITS, Payments, cancelled, placed

ORDERS = 120
LEASE_S = 0.4
STALL_S = 0.7
SCALED = replace(
    LIMITS,
    settle_after=timedelta(seconds=0.5),
    inquiry_delay=timedelta(seconds=0.02),
    sweep_delays=tuple(timedelta(seconds=one) for one in (0.2, 0.5, 1, 2, 4)),
)
CHARGES: list[does.ChargeBehaviour] = [
    does.captures,
    does.captures,
    does.declines,
    does.charges_without_answer,
    does.does_nothing_and_never_answers,
    does.charges_late,
    does.charges_and_answers_garbage,
    does.charges_too_much,
]
REFUNDS: list[does.RefundBehaviour] = [
    does.refunds,
    does.refunds_without_answer,
    does.refunds_nothing,
]


class Storm(FakeProvider):
    """Every call draws its lot; one in eight stalls until its lease is somebody else's."""

    chance: random.Random

    async def charge(self, charge: Charge) -> ChargeAnswer:
        self.charge_calls.append(charge)
        await self._stall()
        if charge in self.in_flight:
            return Unknown("http-409")
        known = await super().find_charge(charge.key)
        if not isinstance(known, NotFound):
            return known
        answer = await self.chance.choice(CHARGES)(self, charge)
        await self._stall()
        return answer

    async def refund(self, refund: Refund) -> RefundAnswer:
        self.refund_calls.append(refund)
        await self._stall()
        answer = await self.chance.choice(REFUNDS)(self, refund)
        await self._stall()
        return answer

    async def find_charge(self, key: str) -> ChargeAnswer:
        if self.chance.random() < 0.2:
            return Unknown("TimeoutError")
        return await super().find_charge(key)

    async def _stall(self) -> None:
        stalls = self.chance.random() < 1 / 16
        await asyncio.sleep(STALL_S if stalls else self.chance.random() / 50)


@asynccontextmanager
async def instance(service: Payments, name: str) -> AsyncIterator[None]:
    """A worker and a sweep of their own."""
    desk = Desk(service.transactions, SCALED, LEASE_S)
    slots = Slots(16, wait_s=0.05)
    work = partial(perform, desk=desk, provider=service.provider, slots=slots)
    worker = Worker(service.transactions, name, work, slots, LEASE_S)
    tasks = [
        asyncio.create_task(worker.run()),
        asyncio.create_task(forever(lambda: sweep(desk, service.provider), 0.05)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await worker.drain(2)


async def forever(act: Callable[[], Awaitable[object]], pause_s: float) -> None:
    while True:
        await act()
        await asyncio.sleep(pause_s)


async def the_shop_is_open(service: Payments, chance: random.Random) -> set[str]:
    """Orders come in batches, some end at some time; gives those that ended."""
    ended: set[str] = set()
    ids = [f"ord_{number:03d}" for number in range(ORDERS)]
    for start in range(0, ORDERS, 20):
        batch = ids[start : start + 20]
        await service.receive(*(placed(order_id) for order_id in batch))
        await asyncio.sleep(chance.random() / 5)
        leaving = chance.sample(ids[: start + 20], 8)
        await service.receive(*(cancelled(order_id) for order_id in leaving))
        ended.update(leaving)
    return ended


async def all_is_quiet(service: Payments, provider: Storm) -> None:
    """No row is open, nothing is under way, and every sweep is over."""
    async with asyncio.timeout(60):
        while True:
            provider.arrive()
            sweeps = await service.pool.fetchval(
                "SELECT count(*) FROM payment_attempts WHERE next_sweep_at IS NOT NULL"
            )
            if await service.open_rows() == 0 and sweeps == 0 and not provider.in_flight:
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_cent_belongs_to_a_living_order_or_went_back(
    service: Payments, seed: int
) -> None:
    provider = service.provider = Storm()
    provider.chance = random.Random(seed)
    async with instance(service, "payments-0"), instance(service, "payments-1"):
        ended = await the_shop_is_open(service, random.Random(seed))
        await all_is_quiet(service, provider)

    assert await service.broken_promises() == {}
    for order_id in {one.order_id for one in provider.charge_calls}:
        payment = await service.payment(order_id)
        kept = payment.status == "captured" and order_id not in ended
        assert provider.balance_minor(order_id) == (1530 if kept else 0), payment
        assert service.books_agree(order_id, await service.ledger(order_id)), payment
        told = await service.types(order_id)
        assert told.count("captured") <= 1, told
        assert told.count("declined") + told.count("voided") <= 1, told
    assert len({one.key for one in provider.charge_calls}) < len(provider.charge_calls)
