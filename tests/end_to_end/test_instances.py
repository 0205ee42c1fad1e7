"""Two instances of every service: one of each killed under load, and a rush for scarce goods."""

import asyncio
import signal
import time

from tests.support.buyers import Buyers
from tests.support.judges import nothing_lost_or_doubled, reasons_of
from tests.support.shop import Shop

BUYERS, PER_S = 400, 40.0
# Who is killed once so many of the buyers have come.
KILLED_AT = {
    60: "orders-0",
    140: "payments-1",
    220: "inventory-0",
    300: "notifications-1",
}

REPLACED_TIMEOUT_S = 30.0  # On cores that the load keeps busy.

RUSH, UNITS, AT_ONCE = 1_000, 100, 100


async def test_one_of_two_instances_killed_under_load_costs_nothing(two: Shop) -> None:
    """An outside reader sees 1, 2, 3 … per order on every topic, whoever published it."""
    buyers = await Buyers.of(two, stock=BUYERS, instances=(0, 1))

    kills: dict[str, asyncio.Task[float]] = {}
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(buyers.arrive(PER_S, BUYERS))
        for arrived, instance in KILLED_AT.items():
            await buyers.arrived(arrived)
            kills[instance] = tasks.create_task(_kill(instance, buyers))
    await buyers.all_told(timeout_s=60)

    ending = await nothing_lost_or_doubled(buyers, [kills["notifications-1"].result()])
    assert ending.outcomes == {"confirmed": BUYERS}


async def _kill(instance: str, buyers: Buyers) -> float:
    """It was there, had orders to work on, died of SIGKILL, and was replaced; gives when."""
    system = buyers.shop.system
    end = asyncio.create_task(system.node(instance).exited())
    pid, died_at = system.kill(instance), time.time()
    assert await buyers.in_flight() > 0, f"nothing in flight at the death of {instance}"
    assert await end == -signal.SIGKILL
    await system.wait_replaced(instance, pid, REPLACED_TIMEOUT_S)
    return died_at


async def test_of_a_thousand_buyers_a_hundred_get_the_hundred_units(two: Shop) -> None:
    """The other 900 are told that it is out of stock, by event and by mail, and pay nothing."""
    buyers = await Buyers.of(two, stock=UNITS, instances=(0, 1))

    await buyers.rush(RUSH, AT_ONCE)
    await buyers.all_told(timeout_s=60)

    ending = await nothing_lost_or_doubled(buyers)
    assert ending.outcomes == {"confirmed": UNITS, "rejected": RUSH - UNITS}
    rejected = reasons_of(ending.records)
    assert set(map(tuple, rejected.values())) == {("out-of-stock",)}
    assert len(rejected) == RUSH - UNITS
    stock = await two.stock(buyers.sku)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (UNITS, UNITS, 0)
