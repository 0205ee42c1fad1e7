"""A charge that its process has room for is leased, and begun, by the transaction that makes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from payments.app import HANDLERS
from payments.calls.perform import perform
from payments.provider import Charge, ChargeAnswer
from payments.unit_of_work import PaymentsWork
from shared.contracts import topics
from shared.contracts.event import Event
from shared.contracts.orders import OrderPlaced
from shared.errors import Permanent
from shared.messaging.batch import Batch
from shared.messaging.envelope import Record, encode_headers
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline
from shared.messaging.redrive import redrive
from shared.work import rows
from shared.work.slots import Slots
from shared.work.worker import Worker

from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import (
    DECIDE_WITHIN_S,
    LEASE_S,
    Payments,
    cancelled,
    placed,
    rejected,
)
from tests.support.waiting import eventually


@asynccontextmanager
async def a_worker(service: Payments, slots: Slots) -> AsyncIterator[Worker]:
    """It runs, and is the hand of the service's transactions."""
    work = partial(perform, desk=service.desk, provider=service.provider, slots=slots)
    worker = Worker(service.transactions, "payments-0", work, slots, LEASE_S)
    service.transactions.hand = worker
    running = asyncio.create_task(worker.run())

    async def open_() -> bool:
        return worker._is_open

    await eventually(open_, "the worker runs")
    try:
        yield worker
    finally:
        running.cancel()
        await asyncio.wait({running})
        await worker.drain(5)


@pytest.fixture
async def worker(service: Payments) -> AsyncIterator[Worker]:
    async with a_worker(service, Slots(16)) as running:
        yield running


async def captured(service: Payments, order_id: str = "ord_1") -> bool:
    return (await service.payment(order_id)).status == "captured"


async def set_aside(service: Payments, *events: Event) -> None:
    """They come to a release that could not place orders."""

    async def fails(_: Batch[OrderPlaced], __: PaymentsWork) -> None:
        raise Permanent

    group = ConsumerGroup("payments", (topics.ORDERS,), {**HANDLERS, OrderPlaced: fails})
    now = datetime.now(UTC)
    records = [
        Record(
            topics.ORDERS,
            0,
            number,
            event.order_id.encode(),
            event.model_dump_json().encode(),
            encode_headers(event, f"evt-{number}", now, number, ""),
        )
        for number, event in enumerate(events, 1)
    ]
    await Pipeline("payments", group, service.transactions).process(records)


async def test_a_charge_is_made_without_being_looked_for(
    service: Payments, worker: Worker, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: Any) -> list[Any]:
        return []

    monkeypatch.setattr(rows, "lease", nothing)
    await service.receive(placed("ord_1"), placed("ord_2"))

    await eventually(partial(captured, service, "ord_1"), "the first is captured")
    await eventually(partial(captured, service, "ord_2"), "the second is captured")
    assert len(provider.charge_calls) == 2
    assert provider.inquiries == []
    assert (await service.charge("ord_1")).calls == 1
    assert await service.broken_promises() == {}


async def test_that_its_call_has_begun_is_committed_before_the_provider_hears_of_it(
    service: Payments, worker: Worker, provider: FakeProvider
) -> None:
    seen: list[int] = []

    async def looks(fake: FakeProvider, charge: Charge) -> ChargeAnswer:
        seen.append((await service.charge(charge.order_id)).calls)
        return await FakeProvider().charge(charge)

    provider.charge_script = [looks]
    await service.receive(placed())
    await eventually(partial(captured, service), "it is captured")
    assert seen == [1]


async def test_an_order_that_ends_in_the_same_transaction_is_not_charged(
    service: Payments, worker: Worker, provider: FakeProvider
) -> None:
    await service.receive(placed("ord_1"), rejected("ord_1"))

    async def closed() -> bool:
        return await service.open_rows() == 0

    await eventually(closed, "its row is closed")
    assert (provider.charge_calls, provider.inquiries) == ([], [])
    assert await service.types("ord_1") == ["voided"]
    assert await service.broken_promises() == {}


@pytest.mark.parametrize("ended", [rejected(), cancelled()], ids=["rejected", "cancelled"])
async def test_an_order_that_is_placed_and_ended_by_one_redrive_is_not_charged(
    service: Payments, worker: Worker, provider: FakeProvider, ended: Event
) -> None:
    """What it was placed with is written before its end is known."""
    await set_aside(service, placed("ord_1"), ended)
    (first, _) = await service.pool.fetch("SELECT * FROM parked_events ORDER BY id")
    group = ConsumerGroup("payments", (topics.ORDERS,), HANDLERS)
    done = await redrive(service.transactions, {group.name: group}, first, "people")

    async def closed() -> bool:
        return await service.open_rows() == 0

    await eventually(closed, "its row is closed")
    assert (done.done, done.left) == (2, 0)
    assert (provider.charge_calls, provider.inquiries) == ([], [])
    assert (await service.payment("ord_1")).status == "voided"
    assert await service.broken_promises() == {}


async def test_an_order_whose_time_has_passed_is_not_charged(
    service: Payments, worker: Worker, provider: FakeProvider
) -> None:
    late = placed("ord_1")
    service.travel(DECIDE_WITHIN_S)
    await service.receive(late)

    async def told() -> bool:
        return await service.types("ord_1") == ["declined"]

    await eventually(told, "its time has passed")
    assert (provider.charge_calls, provider.inquiries) == ([], [])
    assert await service.broken_promises() == {}


async def test_what_is_rolled_back_is_never_called_and_its_room_is_free_again(
    service: Payments, worker: Worker, provider: FakeProvider
) -> None:
    async def fails() -> None:
        async with service.transactions.begin() as work:
            work.add_work("ord_1", "charge", {"number": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert worker._promised == 0
    assert await service.open_rows() == 0

    await service.receive(placed())
    await eventually(partial(captured, service), "another is captured")
    assert len(provider.charge_calls) == 1


async def test_a_commit_that_nobody_heard_of_is_found_and_asked_about(
    service: Payments, worker: Worker, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is leased to us in the database, and in nobody's hand."""

    def lose(_: Any, promised: int, __: Any) -> None:
        worker.forget(promised)

    with monkeypatch.context() as patched:
        patched.setattr(worker, "take", lose)
        await service.receive(placed())
    await eventually(partial(captured, service), "it is captured long before its lease ends", 5)
    assert len(provider.inquiries) == 1
    assert provider.balance_minor("ord_1") == 1530


async def test_more_than_there_is_room_for_waits_in_the_database(
    service: Payments, provider: FakeProvider
) -> None:
    gate = asyncio.Event()

    async def waits(fake: FakeProvider, charge: Charge) -> ChargeAnswer:
        await gate.wait()
        return await FakeProvider().charge(charge)

    provider.charge_script = [waits] * 9
    ids = [f"ord_{number}" for number in range(9)]
    async with a_worker(service, Slots(2)) as worker:
        await service.receive(*(placed(one) for one in ids))
        leased = await service.pool.fetchval(
            "SELECT count(*) FROM work_rows WHERE lease_token IS NOT NULL"
        )
        assert (leased, len(worker._tasks)) == (2, 2)
        begun = [(await service.charge(one)).calls for one in ids]
        assert sorted(begun) == [0] * 7 + [1] * 2
        gate.set()
        for one in ids:
            await eventually(partial(captured, service, one), f"{one} is captured")
    assert len(provider.charge_calls) == 9


async def test_a_refund_follows_its_capture(
    service: Payments, worker: Worker, provider: FakeProvider
) -> None:
    await service.receive(placed())
    await eventually(partial(captured, service), "it is captured")
    await service.receive(rejected())

    async def refunded() -> bool:
        return (await service.payment("ord_1")).status == "refunded"

    await eventually(refunded, "the money is back")
    assert provider.balance_minor("ord_1") == 0
    assert await service.broken_promises() == {}


async def test_a_worker_that_does_not_run_promises_nothing(
    service: Payments, provider: FakeProvider
) -> None:
    slots = Slots(16)
    async with a_worker(service, slots) as worker:
        pass
    await service.receive(placed())
    assert worker._promised == 0
    row = await service.pool.fetchrow("SELECT lease_token, attempts FROM work_rows")
    assert row is not None
    assert (row["lease_token"], row["attempts"]) == (None, 0)
    await service.work()
    assert len(provider.charge_calls) == 1
