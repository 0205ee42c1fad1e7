"""SIGSTOP for 20 s, the relay's leader and a consumer in its transaction: nobody waits for them."""

import asyncio
import time

import asyncpg

from tests.support.buyers import Buyers
from tests.support.deaths import Stop
from tests.support.judges import metric, nothing_lost_or_doubled, published_twice
from tests.support.shop import Shop
from tests.support.waiting import eventually, pause

STOPPED_S = 20.0
TAKEOVER_S = 8.0  # 5 s until PostgreSQL ends the leader's session, 1 s between tries, and some.
IDLE_IN_TRANSACTION_S = 8.0  # The server's limit is 5 s.
WHILE_STOPPED, AFTERWARDS = 120, 60
PER_S = 20.0

_OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND state = 'idle in transaction'
"""


async def test_a_stopped_leader_and_a_stopped_consumer_hold_nobody_up(two: Shop) -> None:
    """The other instance relays and consumes while they are stopped; back again, they do no harm.

    The witnesses: both processes are stopped all the while, the consumer's transaction was open
    and is ended by PostgreSQL, leadership moves, and what was acked but not removed comes twice.
    """
    leader = await _leader(two)
    buyers = await Buyers.of(two, WHILE_STOPPED + AFTERWARDS, instances=(1 - leader,))
    relay = Stop.ordered(two, f"orders-{leader}", "relay.after_ack")
    consumer = Stop.ordered(two, "inventory-1", "consumer.in_transaction")
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(buyers.arrive(PER_S, WHILE_STOPPED))
            tasks.create_task(_leadership_moves(relay, f"orders-{1 - leader}"))
            tasks.create_task(_transaction_is_ended(consumer))
        await buyers.all_told(timeout_s=30)
        await _last(relay, consumer)
    finally:
        relay.end()
        consumer.end()

    buyers.instances = (0, 1)
    await buyers.rush(AFTERWARDS)
    await buyers.all_told(timeout_s=30)
    ending = await nothing_lost_or_doubled(buyers)
    assert ending.outcomes == {"confirmed": WHILE_STOPPED + AFTERWARDS}
    assert published_twice(ending.records, "orders") > 0
    await two.system.wait_ready()


async def _leader(shop: Shop) -> int:
    """Which instance of orders leads its relay."""

    async def look() -> list[int]:
        return [n for n in (0, 1) if await metric(shop, f"orders-{n}", "orderproof_outbox_leader")]

    return (await eventually(look, "a leader of orders' relay"))[0]


async def _leadership_moves(stopped: Stop, successor: str) -> None:
    """The other instance leads within the time, and relays, while the first is stopped."""
    await stopped.happened()
    relayed = await metric(stopped.shop, successor, "orderproof_outbox_relayed_total")

    async def look() -> bool:
        now = await metric(stopped.shop, successor, "orderproof_outbox_relayed_total")
        return now > relayed

    await eventually(look, f"{successor} relays", TAKEOVER_S)
    assert stopped.holds


async def _transaction_is_ended(stopped: Stop) -> None:
    """It was open when the process stopped, and is gone while the process still is."""
    await stopped.happened()
    dsn = stopped.shop.system.addresses.databases["inventory"]
    db = await asyncpg.connect(dsn)
    try:
        assert await db.fetchval(_OPEN, stopped.instance) == 1

        async def look() -> bool:
            return bool(await db.fetchval(_OPEN, stopped.instance) == 0)

        await eventually(look, "the stopped transaction ended", IDLE_IN_TRANSACTION_S)
    finally:
        await db.close()
    assert stopped.holds


async def _last(*stops: Stop) -> None:
    """Let each stop last for its whole time."""
    since = max(one.since for one in stops)
    await pause(max(0.0, since + STOPPED_S - time.monotonic()))
