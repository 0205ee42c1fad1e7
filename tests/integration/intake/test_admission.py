"""Behind an outage orders that have waited let those pass that are placed now, and none is lost."""

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from orders.admission import (
    ALONE_MAX,
    BEHIND_S,
    IDLE_LOOK_S,
    LATE_S,
    LET_IN_MIN,
    UNDER_WAY_MAX,
    UNDER_WAY_S,
    Admission,
)
from orders.handlers.expire_orders import expire_orders
from orders.settings import OrdersSettings
from shared.clock import Clock, rfc3339
from shared.contracts import topics
from shared.contracts.storefront import OrderSubmitted, Submission
from shared.messaging import outbox
from shared.messaging.envelope import Record
from shared.messaging.outbox import ASIDE, SHARDS
from shared.service import Running

from tests.integration.intake.service import CANCELLATION, SUBMITTED, Orders, a_record
from tests.support.builders import an_order
from tests.support.wiring import EXAMPLE_SETTINGS

OLD_ROW = """
INSERT INTO outbox (shard, topic, key, headers, created_at)
SELECT n, $3, 'some-key', '', now() - $2 * interval '1 s'
FROM generate_series(0, $1 - 1) n
"""


def submitted(reference: str, waited_s: float = 0.0) -> Record:
    sent = a_record(SUBMITTED, an_order(reference=reference), reference)
    return replace(sent, timestamp_ms=int((time.time() - waited_s) * 1000))


def late(references: int) -> list[Record]:
    return [submitted(f"late-{n:03}", 2 * LATE_S) for n in range(references)]


@pytest.fixture
def running(service: Orders) -> Running:
    settings = OrdersSettings(**EXAMPLE_SETTINGS)
    return Running(settings, service.pool, Clock(), service.transactions)


async def leaving(service: Orders) -> list[str]:
    """The references of orders whose events the relay may publish, in its order."""
    rows = await service.pool.fetch(
        "SELECT r.client_reference FROM outbox o "
        "JOIN order_references r ON r.order_id = convert_from(o.key, 'UTF8') "
        "WHERE o.shard < $1 ORDER BY o.id",
        ASIDE,
    )
    return [row[0] for row in rows]


async def test_who_has_waited_is_set_aside_and_let_in_in_turn(
    service: Orders, running: Running
) -> None:
    await service.take_in(*late(3), submitted("now"))
    assert await leaving(service) == ["now"]

    await service.admission.look(running)

    assert await leaving(service) == ["late-000", "late-001", "late-002", "now"]


@pytest.mark.parametrize(
    ("told", "waited_s", "aside"),
    [
        (2 * LATE_S, 0, True),
        (0, 0, False),
        ("yesterday", 0, False),
        ("2020-01-01T00:00:00", 0, False),
        (0, 2 * LATE_S, True),
        ("1970-01-01T00:00:00Z", 2 * LATE_S, True),
        ("0001-01-01T00:00:00Z", 2 * LATE_S, True),
    ],
)
async def test_who_says_when_it_was_placed_is_believed(
    service: Orders, told: float | str, waited_s: float, aside: bool
) -> None:
    """A storefront may have kept it, and sends it only now; what is no moment says nothing."""
    sent = submitted("kept", waited_s)
    if not isinstance(told, str):
        told = rfc3339(datetime.now(UTC) - timedelta(seconds=told))

    await service.take_in(replace(sent, headers=[*sent.headers, ("ce_time", told.encode())]))

    assert (await leaving(service) == []) is aside


async def test_who_was_placed_first_is_let_in_first(service: Orders, running: Running) -> None:
    await service.take_in(*late(ALONE_MAX + 10))

    await service.admission.look(running)

    assert await leaving(service) == [f"late-{n:03}" for n in range(ALONE_MAX)]


async def test_as_many_are_let_in_as_are_decided(service: Orders, running: Running) -> None:
    await service.take_in(*late(3 * ALONE_MAX))
    for _ in range(3):
        await service.admission.look(running)
        assert len(await leaving(service)) == ALONE_MAX

    await service.pool.execute(
        "UPDATE orders SET deadline_at = now() - interval '1 s' FROM outbox "
        "WHERE order_id = convert_from(key, 'UTF8') AND shard < $1",
        ASIDE,
    )
    await expire_orders(running, deadline_s=900)
    await service.admission.look(running)

    assert len(set(await leaving(service))) == 2 * ALONE_MAX


@pytest.mark.parametrize(
    ("placed_now", "let_in"), [(50, UNDER_WAY_MAX - 50), (UNDER_WAY_MAX + 10, LET_IN_MIN)]
)
async def test_those_that_are_placed_now_have_the_room(
    service: Orders, running: Running, placed_now: int, let_in: int
) -> None:
    """Also when they need all of it, those that have waited get on."""
    await service.take_in(*late(ALONE_MAX))
    await service.take_in(*(submitted(f"now-{n:03}") for n in range(placed_now)))

    await service.admission.look(running)

    assert len(await leaving(service)) == placed_now + let_in


async def test_who_waits_for_others_than_us_is_not_waited_for(
    service: Orders, running: Running
) -> None:
    await service.take_in(*late(ALONE_MAX + 1))
    await service.admission.look(running)
    assert len(await leaving(service)) == ALONE_MAX

    later = replace(running, clock=Clock(timedelta(seconds=UNDER_WAY_S + 1)))
    await service.admission.look(later)

    assert len(await leaving(service)) == ALONE_MAX + 1


@pytest.mark.parametrize(("waited_s", "more"), [(440, 0), (460, LET_IN_MIN)])
async def test_whose_time_is_half_over_is_not_held_back(
    service: Orders, running: Running, waited_s: int, more: int
) -> None:
    """Many that are under way for long leave so little room that the others would expire."""
    await service.take_in(*late(2 * ALONE_MAX))
    await service.admission.look(running)
    await service.pool.execute(
        "UPDATE outbox SET created_at = created_at - $1 * interval '1 s' WHERE shard >= $2",
        waited_s,
        ASIDE,
    )

    await service.admission.look(running)

    assert len(await leaving(service)) == ALONE_MAX + more


@pytest.mark.parametrize("expired", [False, True])
async def test_who_was_let_in_does_not_set_others_aside(
    service: Orders, running: Running, expired: bool
) -> None:
    """They waited, but not for Kafka; nor did those whose time was over meanwhile."""
    await service.take_in(*late(ALONE_MAX + 1))
    await service.pool.execute("UPDATE outbox SET created_at = created_at - interval '1 min'")
    if expired:
        await service.pool.execute(
            "UPDATE orders SET deadline_at = now() - interval '1 s' WHERE client_reference <> $1",
            f"late-{ALONE_MAX:03}",
        )
        await expire_orders(running, deadline_s=900)
    else:
        await service.admission.look(running)
    await service.admission.look(running)

    await service.take_in(submitted("now"))

    assert "now" in await leaving(service)


async def test_a_cancelled_order_is_let_in_before_its_cancellation(service: Orders) -> None:
    await service.take_in(*late(2))
    order_id = await service.order_under("late-001")

    await service.take_in(a_record(CANCELLATION, {"order_id": order_id}, order_id))

    assert await leaving(service) == ["late-001", "late-001"]
    told = [(one.name, one.sequence) for one in await service.told(order_id)]
    assert told == [("order-placed", 1), ("order-cancelled", 2)]


async def test_an_order_cancelled_where_it_is_placed_is_told_in_order(service: Orders) -> None:
    """Behind an outage both wait in Kafka, and come in one batch."""
    cancellation = a_record(CANCELLATION, {"client_reference": "late-000"}, "late-000")

    await service.take_in(*late(2), cancellation)

    assert await leaving(service) == ["late-000", "late-000"]
    told = await service.told(await service.order_under("late-000"))
    assert [(one.name, one.sequence) for one in told] == [
        ("order-placed", 1),
        ("order-cancelled", 2),
    ]


async def test_who_is_set_aside_while_a_look_goes_on_is_let_in_by_the_next(
    service: Orders, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not committed yet is not seen by a look; the commit ends its rest."""
    [record] = late(1)
    event = OrderSubmitted.from_json(json.dumps(an_order(reference="late-000")).encode())
    looked = asyncio.Event()
    waiting = outbox.waiting

    async def noted(*asked: Any) -> outbox.Waiting:
        found = await waiting(*asked)
        looked.set()
        return found

    monkeypatch.setattr(outbox, "waiting", noted)
    async with service.transactions.begin() as work:
        await work.lock_orders(await work.claim([event]))
        submission = work.checked[id(event)]
        assert isinstance(submission, Submission)
        service.admission.place(work, submission, record)
        resting = asyncio.create_task(service.admission.look(running))
        await looked.wait()

    async with asyncio.timeout(IDLE_LOOK_S / 2):
        await resting
    await service.admission.look(running)

    assert await leaving(service) == ["late-000"]


async def test_an_expired_order_is_let_in_before_its_end(service: Orders, running: Running) -> None:
    await service.take_in(*late(1))
    await service.pool.execute("UPDATE orders SET deadline_at = now() - interval '1 s'")

    await expire_orders(running, deadline_s=900)

    assert await leaving(service) == ["late-000", "late-000"]


async def test_many_undecided_orders_hold_up_intake(service: Orders, running: Running) -> None:
    await service.take_in(submitted("one"))
    assert await service.admission.has_room(running, orders_max=1)

    await service.take_in(submitted("two"))

    assert not await Admission(900).has_room(running, orders_max=1)


@pytest.mark.parametrize(
    ("shards", "topic", "set_aside"),
    [
        (1, topics.ORDERS, False),
        (SHARDS, topics.dead_letters("orders"), False),
        (SHARDS, topics.ORDERS, True),
    ],
    ids=["one event", "dead letters", "all"],
)
async def test_who_comes_while_kafka_takes_nothing_is_set_aside(
    service: Orders, running: Running, shards: int, topic: str, set_aside: bool
) -> None:
    """An event that Kafka does not take holds up its own shard, and no order of another."""
    await service.pool.execute(OLD_ROW, shards, BEHIND_S + 1, topic)
    await service.take_in(submitted("before"))
    await service.admission.look(running)

    await service.take_in(submitted("now"))

    assert await leaving(service) == ["before"] + ["now"] * (not set_aside)


async def test_two_instances_let_in_different_orders(service: Orders) -> None:
    await service.take_in(*late(4))

    async with service.transactions.begin() as one, service.transactions.begin() as another:
        first = await outbox.let_in(one.db, 2, one.now)
        second = await outbox.let_in(another.db, 2, another.now)

    placed = [await service.order_under(f"late-{n:03}") for n in range(4)]
    assert [{*first}, {*second}] == [{*placed[:2]}, {*placed[2:]}]
