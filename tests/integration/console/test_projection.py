"""Records become the read model: once, whatever comes again, and without anything private."""

from collections.abc import Sequence
from random import Random
from typing import Any

from asyncpg import Pool, Record
from console.domain.facts import Fact
from shared.messaging.envelope import Record as KafkaRecord

from tests.support.console_records import AT, confirmed, projection

TABLES = ("records", "orders", "order_terms")


async def everything(pool: "Pool[Record]") -> dict[str, Any]:
    """All rows as texts, but for when they were written."""
    async with pool.acquire() as db:
        return {
            table: sorted(
                one["row"]
                for one in await db.fetch(
                    f"SELECT (to_jsonb(t) - 'recorded_at')::text AS row FROM {table} t"
                )
            )
            for table in TABLES
        }


def of_three() -> Sequence[KafkaRecord]:
    return [one for order in ("ord_1", "ord_2", "ord_3") for one in confirmed(order)]


async def test_an_orders_records_are_one_row_and_each_a_row_of_its_own(
    pool: "Pool[Record]",
) -> None:
    heard: list[Fact] = []
    await projection(pool, heard).process(confirmed("ord_1"))

    async with pool.acquire() as db:
        [order] = await db.fetch("SELECT * FROM orders")
        assert await db.fetchval("SELECT count(*) FROM records") == len(heard) == 4
    assert (order["status"], order["payment"], order["stock"]) == (
        "confirmed",
        "captured",
        "reserved",
    )
    assert (order["total_minor"], order["captured_minor"]) == (1530, 1530)
    assert (order["decided_at"] - order["placed_at"]).total_seconds() == 1
    assert order["placed_at"] == AT


async def test_what_comes_again_changes_nothing(pool: "Pool[Record]") -> None:
    """A group that is reset reads everything once more."""
    keeping = projection(pool)
    await keeping.process(of_three())
    before = await everything(pool)
    await keeping.process(of_three())
    for one in of_three():
        await keeping.process([one])

    assert await everything(pool) == before


async def test_topics_may_come_in_any_order_and_in_any_pieces(pool: "Pool[Record]") -> None:
    keeping = projection(pool)
    await keeping.process(of_three())
    expected = await everything(pool)
    for seed in range(5):
        async with pool.acquire() as db:
            await db.execute("TRUNCATE records, orders, order_terms")
        rng = Random(seed)
        by_topic: dict[str, list[KafkaRecord]] = {}
        for one in of_three():
            by_topic.setdefault(one.topic, []).append(one)
        while by_topic:
            topic = rng.choice(sorted(by_topic))
            size = rng.randint(1, 3)
            await keeping.process(by_topic[topic][:size])
            by_topic[topic] = by_topic[topic][size:]
            by_topic = {name: left for name, left in by_topic.items() if left}

        assert await everything(pool) == expected, seed


async def test_nothing_private_is_anywhere_in_the_database(pool: "Pool[Record]") -> None:
    await projection(pool).process(confirmed("ord_1"))

    kept = str(await everything(pool)).lower()
    assert "email:" in kept
    for private in (
        "tok_of_a_buyer",
        "customer 17850",
        "c17850@example.com",
        "mill lane",
        "n1 1aa",
    ):
        assert private not in kept


async def test_a_record_that_nobody_can_read_is_kept_and_stops_nothing(
    pool: "Pool[Record]",
) -> None:
    good = confirmed("ord_1")
    odd = KafkaRecord("orders.events.v1", 1, 5, b"\x00\xff", b"{\x00", [("ce_type", None)])
    await projection(pool).process([odd, *good])

    async with pool.acquire() as db:
        [unread] = await db.fetch("SELECT * FROM records WHERE problem IS NOT NULL")
        assert await db.fetchval("SELECT count(*) FROM orders") == 1
    assert (unread["problem"], unread["data"]) == ("the value is no JSON", "{}")
