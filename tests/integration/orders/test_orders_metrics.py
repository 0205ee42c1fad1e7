"""What orders counts: orders taken in, and how long each waited for its decision."""

import pytest
from orders.work import OrdersWork
from prometheus_client import REGISTRY
from shared.clock import Clock
from shared.messaging.unit_of_work import Transactions

from tests.integration.orders.support import Client, Database, advance, captured, leading_to, place


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"orderproof_{name}", labels) or 0


def decided(outcome: str) -> float:
    return sample("order_decision_seconds_count", outcome=outcome)


async def test_an_order_is_counted_when_it_is_placed_and_when_it_is_decided(
    client: Client, pool: Database
) -> None:
    placed, confirmed, rejected = (
        sample("orders_placed_total", channel="b2b"),
        decided("confirmed"),
        decided("rejected"),
    )

    first, second = [await place(client, channel="b2b") for _ in range(2)]
    await advance(pool, first, *leading_to("delivered", first))
    await advance(pool, second, *leading_to("rejected", second))

    assert sample("orders_placed_total", channel="b2b") == placed + 2
    assert (decided("confirmed"), decided("rejected")) == (confirmed + 1, rejected + 1)


async def test_how_long_it_waited_is_from_placed_to_decided(client: Client, pool: Database) -> None:
    before = sample("order_decision_seconds_sum", outcome="confirmed")
    order_id = await place(client)
    await pool.execute(
        "UPDATE orders SET placed_at = placed_at - interval '100 s' WHERE order_id = $1", order_id
    )

    await advance(pool, order_id, *leading_to("confirmed", order_id))

    waited_s = sample("order_decision_seconds_sum", outcome="confirmed") - before
    assert waited_s == pytest.approx(100, abs=20)


async def test_what_was_rolled_back_is_not_counted(client: Client, pool: Database) -> None:
    order_id = await place(client)
    count = decided("confirmed")

    with pytest.raises(ZeroDivisionError):
        await _confirm_and_fail(pool, order_id)

    assert decided("confirmed") == count
    await advance(pool, order_id, captured(order_id))
    assert decided("confirmed") == count, "half the answers decide nothing"


async def _confirm_and_fail(pool: Database, order_id: str) -> None:
    async with Transactions(pool, Clock(), OrdersWork).begin() as work:
        await work.lock_orders([order_id])
        for fact in leading_to("confirmed", order_id):
            work.advance(order_id, fact, fact.type)
        raise ZeroDivisionError
