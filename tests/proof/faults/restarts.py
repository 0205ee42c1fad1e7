"""A broker that goes and comes back again and again; after each time everybody goes on."""

import random
import time
from collections.abc import Mapping

import psutil

from tests.proof.arena import SERVICES, Arena
from tests.proof.fault import Fault, Witness
from tests.proof.judges.verdict import Violation
from tests.support.waiting import eventually

RESTARTS = 5
CONFIRMED_WITHIN_S = 30.0


async def restart_again(arena: Arena, _: random.Random) -> Witness:
    """SIGKILL of the only broker, which is away for as long as a start takes, five times.

    Whoever stands still after one of them would be started anew by its own watch, so that all is
    well a while later; that nobody had to be is looked at too.
    """
    (broker,) = arena.servers.brokers
    processes = _processes(arena)
    away, confirmed = [], []
    for _turn in range(RESTARTS):
        started_at = _started_at(broker.pid)
        gone_at = time.monotonic()
        await arena.system.take_down(broker.name)
        assert broker.pid is None, f"{broker.name} is gone"
        await arena.system.bring_back(broker.name)
        away.append(time.monotonic() - gone_at)
        assert _started_at(broker.pid) > started_at, f"{broker.name} is the one from before"
        confirmed.append(await _confirmed_s(arena))
    return Witness(
        f"{broker.name} died of SIGKILL {RESTARTS} times, each time another process came after "
        f"{_in_words(away)} s; an order was confirmed after {_in_words(confirmed)} s more",
        kills=RESTARTS,
        broken=started_anew(processes, _processes(arena)),
    )


async def _confirmed_s(arena: Arena) -> float:
    """Seconds until an order is confirmed: who stands still lets them expire, one after another."""
    began = time.monotonic()

    async def look() -> bool:
        order = await arena.load.buy()
        found = await arena.shop.outcome(min(order.order_ids))
        return bool(found["status"] == "confirmed")

    await eventually(look, "an order confirmed after a restart", CONFIRMED_WITHIN_S)
    took_s = time.monotonic() - began
    assert took_s <= CONFIRMED_WITHIN_S, f"an order was confirmed only after {took_s:.1f} s"
    return took_s


def _started_at(pid: int | None) -> float:
    """When the process began, by the machine's own books."""
    return psutil.Process(pid).create_time()


def _processes(arena: Arena) -> dict[str, int | None]:
    names = [f"{service}-{n}" for service in SERVICES for n in range(arena.instances)]
    return {name: arena.system.node(name).pid for name in names}


def started_anew(
    before: Mapping[str, int | None], after: Mapping[str, int | None]
) -> tuple[Violation, ...]:
    return tuple(
        Violation("services-live-on", "", f"{name} was started anew: pid {pid}, then {after[name]}")
        for name, pid in before.items()
        if after[name] != pid
    )


def _in_words(seconds: list[float]) -> str:
    return ", ".join(f"{one:.1f}" for one in seconds)


FAULTS = [Fault("F8.again", "the only broker killed and started again, five times", restart_again)]
