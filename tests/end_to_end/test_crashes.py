"""kill -9 at named points of every service, with orders in flight: nothing is lost or doubled."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from local_runtime.config import StackConfig
from local_runtime.restarts import RestartLimits
from local_runtime.runtimes.base import Backing

from tests.conftest import a_shop
from tests.support.buyers import Buyers, is_replayed
from tests.support.deaths import Death
from tests.support.judges import Ending, metric, nothing_lost_or_doubled, published_twice
from tests.support.shop import Shop

BUYERS = 80
KILLED_AFTER = 25  # orders acknowledged
IN_FLIGHT_MIN = 20
RECOVERY_S = 15.0

EVERYONE = ("orders", "payments", "inventory", "notifications")
PUBLISHERS = ("orders", "payments", "inventory")


@pytest.fixture(scope="module")
async def mortal(backing: Backing, run_dir: Path) -> AsyncIterator[Shop]:
    """One instance of every service; it dies more often than the supervisor would bear."""
    limits = RestartLimits(delays_s=(0.0, 1.0), deaths_max=1_000)
    async with a_shop(
        backing, run_dir, "mortal", StackConfig(restart_limits=limits), ORDERS_DEADLINE_S="60"
    ) as running:
        yield running


@pytest.mark.parametrize("point", ["before_commit", "consumer.in_transaction"])
async def test_a_death_before_the_commit_loses_nothing(mortal: Shop, point: str) -> None:
    await _kill_under_load(mortal, dict.fromkeys(EVERYONE, point))


async def test_a_death_between_commit_and_offsets_repeats_without_effect(mortal: Shop) -> None:
    """The witness: after its restart each consumer is given records that it had applied."""
    await _kill_under_load(mortal, dict.fromkeys(EVERYONE, "consumer.after_commit"))

    for service in EVERYONE:
        again = await metric(
            mortal, f"{service}-0", "orderproof_events_processed_total", outcome="duplicate"
        )
        assert again > 0, f"{service} was given nothing again"


async def test_a_death_before_sending_loses_no_event_and_no_mail(mortal: Shop) -> None:
    points = dict.fromkeys(PUBLISHERS, "relay.before_send")
    await _kill_under_load(mortal, {**points, "notifications": "worker.before_call"})


async def test_a_death_between_ack_and_removal_publishes_twice_but_in_order(mortal: Shop) -> None:
    """The witness: records of each of the three publishers that are in Kafka twice."""
    _, ending = await _kill_under_load(mortal, dict.fromkeys(PUBLISHERS, "relay.after_ack"))

    for service in PUBLISHERS:
        assert published_twice(ending.records, service) > 0, f"{service} repeated nothing"


async def test_a_death_after_the_call_neither_charges_nor_tells_twice(mortal: Shop) -> None:
    """A mail may come again, under its Message-ID; that it does is the witness of its death."""
    points = {"payments": "worker.after_call", "notifications": "worker.after_call"}
    buyers, _ = await _kill_under_load(mortal, points)

    mails = [one for found in (await buyers.mails()).values() for one in found]
    assert len(mails) > len(set(mails))


async def test_an_answer_lost_in_a_death_is_given_on_repetition(mortal: Shop) -> None:
    """The client got no answer; under its key it gets one, and the same bytes ever after."""
    buyers, _ = await _kill_under_load(mortal, {"orders": "api.after_commit"})

    replayed = [key for key, one in buyers.answers.items() if is_replayed(one)]
    assert replayed, "no order was committed whose answer was lost"
    assert set(replayed) <= buyers.unanswered
    for key in replayed:
        again = await buyers.repeat(key)
        assert is_replayed(again)
        assert (again.status, again.raw) == (201, buyers.answers[key].raw)


async def _kill_under_load(shop: Shop, points: Mapping[str, str]) -> tuple[Buyers, Ending]:
    """Kill one instance of each service at its point amid a rush of buyers, and judge the end."""
    buyers = await Buyers.of(shop, stock=BUYERS)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(buyers.rush(BUYERS))
        await buyers.acknowledged(KILLED_AFTER)
        deaths = [Death.ordered(shop, f"{name}-0", point) for name, point in points.items()]
        moments = await asyncio.gather(*(_witness(one, buyers) for one in deaths))
        await asyncio.gather(*(one.overcome() for one in deaths))
        await buyers.all_told(RECOVERY_S - (time.time() - max(moments)))
    died_at = dict(zip(points, moments, strict=True))
    mailer_died_at = [at for name, at in died_at.items() if name == "notifications"]
    ending = await nothing_lost_or_doubled(buyers, mailer_died_at)
    assert ending.outcomes == {"confirmed": BUYERS}
    return buyers, ending


async def _witness(death: Death, buyers: Buyers) -> float:
    """It died, with orders in flight; gives the moment, of the host's clock."""
    await death.happened()
    died_at = time.time()
    in_flight = await buyers.in_flight()
    assert in_flight >= IN_FLIGHT_MIN, f"{in_flight} in flight at the death of {death.instance}"
    return died_at
