"""Lines that are cut, slow or dead, clocks that jump, and a topic that is not there."""

import asyncio
import random
import time
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from platform import machine

from aiokafka.admin import NewTopic

from tests.proof import quorum
from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.faults.probes import Probes
from tests.proof.faults.provider import unsettled
from tests.proof.proxy import Proxy
from tests.support.waiting import eventually, pause

CUTS = 8
SLOW_S, SLOW_FOR_S, WAITING, FAST_S = 2.0, 10.0, 60, 2.0
LATER_S = 0.5
OUTAGE_S, STEADY_S, STORM_MAX = 20.0, 5.0, 2.0
TOPIC_AWAY_S = 12.0
READERS = ("payments", "inventory", "notifications")  # Of orders' events.
FAKETIME = Path(f"/usr/lib/{machine()}-linux-gnu/faketime/libfaketimeMT.so.1")
JUMPS_S = (2 * 86_400, -3_600)
JUMPED_FOR_S, JUMP_SEEN_S = 5.0, 60.0


async def commits_cut(arena: Arena, _: random.Random) -> Witness:
    """Connections end during COMMIT, before the server has it and after: nobody knows which."""
    proxy = arena.line("postgres")
    before = proxy.cuts
    try:
        for passed_on in (False, True):
            proxy.cut_at(_is_commit, CUTS, passed_on=passed_on)
            await eventually(lambda: _no_cuts_left(proxy), f"{CUTS} connections cut", 20)
    finally:
        proxy.heal()
    return Witness(
        f"{proxy.cuts - before} connections to PostgreSQL reset at COMMIT, "
        f"{CUTS} before the server had it and {CUTS} in place of its reply"
    )


async def postgres_slow(arena: Arena, _: random.Random) -> Witness:
    """Every statement takes two seconds more, so the pools are used up: 503, and soon."""
    proxy = arena.line("postgres")
    async with Probes.of(arena) as probes:
        proxy.latency_s = SLOW_S
        try:
            asked = [asyncio.create_task(probes.ask()) for _ in range(WAITING // 2)]
            # Those who come at once may all share one transaction, and nobody waits for his turn.
            await pause(LATER_S)
            asked += [asyncio.create_task(probes.ask()) for _ in range(WAITING // 2)]
            await pause(SLOW_FOR_S)
        finally:
            proxy.heal()
        await asyncio.gather(*asked)
    refused = probes.statuses[503]
    slowest = probes.slowest_s.get(503, 0.0)
    assert refused, f"nobody was refused: {probes.statuses}"
    assert slowest <= FAST_S, f"the slowest of {refused} refusals took {slowest:.1f} s"
    return Witness(
        f"each statement {SLOW_S:g} s slower for {SLOW_FOR_S:g} s: of {WAITING} orders at once "
        f"{refused} were answered 503, the slowest after {slowest:.1f} s"
    )


async def provider_away(arena: Arena, _: random.Random) -> Witness:
    """The provider's line is dead for a while; what waited does not come all at once."""
    proxy = arena.line("provider")
    steady = await _per_s(proxy, STEADY_S)
    passed, held = proxy.passed.copy(), proxy.held
    proxy.blackhole()
    try:
        await pause(OUTAGE_S)
        waiting = await unsettled(arena)
        held = proxy.held - held
        assert held, "nobody has called the provider while it was away"
        assert waiting, "nothing waited for the provider"
        assert proxy.passed == passed, "the line was not dead"
    finally:
        proxy.heal()
    after = await _per_s(proxy, STEADY_S)
    assert after <= STORM_MAX * steady, f"{after:.0f} requests/s after it, {steady:.0f} before"
    return Witness(
        f"for {OUTAGE_S:g} s no byte came to or from the provider; {held} requests to it were "
        f"lost in the line, and at its end {waiting} calls waited; "
        f"{steady:.0f} requests a second before it, {after:.0f} after it"
    )


async def no_dead_letters(arena: Arena, _: random.Random) -> Witness:
    """The topic of dead letters is gone when a record is to go there; all others go on."""
    bootstrap, prefix = arena.system.addresses.kafka, arena.system.config.topic_prefix
    topic, key = f"{prefix}inventory.dead-letters.v1", f"proof-{arena.load.run}-dead"
    arena.forged.add(key)
    async with quorum.an_admin(bootstrap) as admin:
        (found,) = await admin.describe_topics([topic])
        replicas = len(found["partitions"][0]["replicas"])
        await admin.delete_topics([topic])
        await arena.shop.produce("orders.events.v1", b"{", _headers(key), key.encode())
        for service in READERS:
            await eventually(partial(_parked, arena, service, key), f"parked by {service}", 20)
        decided = await _decided_within(arena, TOPIC_AWAY_S)
        waiting = (await arena.shop.get(arena.shop.url("inventory") + "/ops/outbox")).body["rows"]
        assert waiting, "no dead letter waited: its topic was there"
        await admin.create_topics([NewTopic(topic, 1, replicas)])
    await eventually(lambda: _kept(arena, key), "the dead letter arrives", 30)
    for service in READERS:
        letter = await _parked(arena, service, key)
        url = f"{arena.shop.url(service)}/ops/dead-letters/{letter}/discard"
        answer = await arena.shop.post(url, {"reason": "written by the proof"})
        assert answer.status == 200, answer.body
    return Witness(
        f"without its topic a dead letter waited in the outbox ({waiting} rows), then arrived; "
        f"{decided} orders, one after the other, were decided meanwhile"
    )


async def _decided_within(arena: Arena, for_s: float) -> int:
    """How many orders in a row are decided in so long; the judges' reader wants all topics."""
    end_at, decided = time.monotonic() + for_s, 0
    while time.monotonic() < end_at:
        order = await arena.load.buy()
        await arena.shop.outcome(min(order.order_ids))
        decided += 1
    return decided


async def clock_jumps(arena: Arena, luck: random.Random) -> Witness:
    """One service's clock jumps ahead by two days, back by an hour, and is right again."""
    assert await asyncio.to_thread(FAKETIME.exists), (
        "libfaketime is missing; mend it with: apt-get install faketime"
    )
    service = luck.choice(arena.system.config.services)
    name, clock = f"{service}-0", arena.shop.crash_dir.parent / f"{service}.clock"
    program = arena.system.instance(name)
    await _set_clock(clock, 0)
    program.set_variables(
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    seen: list[float] = []
    try:
        await _restarted(arena, name)
        for offset_s in JUMPS_S:
            await _set_clock(clock, offset_s)
            seen.append(await _off_by(arena, service, offset_s))
            arena.load.surge(10)
            await pause(JUMPED_FOR_S)
    finally:
        program.set_variables(LD_PRELOAD="", FAKETIME_TIMESTAMP_FILE="")
        await _restarted(arena, name)
    jumps = ", ".join(f"{one:+.0f} s" for one in seen)
    return Witness(f"the clock of {name} jumped while it ran, its Date header says by {jumps}")


async def _restarted(arena: Arena, name: str) -> None:
    pid = arena.system.kill(name)
    await arena.system.wait_replaced(name, pid, timeout_s=30)


async def _set_clock(clock: Path, offset_s: int) -> None:
    await asyncio.to_thread(clock.write_text, f"{offset_s:+d}\n")


async def _off_by(arena: Arena, service: str, offset_s: int) -> float:
    """How wrong the service's Date header is, once it is as wrong as asked."""

    async def look() -> float:
        url = arena.shop.url(service) + "/health/live"
        headers = (await arena.shop.get(url)).headers
        said = parsedate_to_datetime(headers["Date"]).timestamp()
        off = said - time.time()
        return off if abs(off - offset_s) < JUMP_SEEN_S else 0.0

    return await eventually(look, f"the clock of {service} {offset_s} s off", 10)


async def _per_s(proxy: Proxy, for_s: float) -> float:
    """Requests a second over so long."""
    before = proxy.chunks
    await pause(for_s)
    return max(1.0, (proxy.chunks - before) / for_s)


def _is_commit(chunk: bytes) -> bool:
    return chunk.startswith(b"Q") and b"COMMIT" in chunk


async def _no_cuts_left(proxy: Proxy) -> bool:
    return proxy.cuts_left <= 0


async def _parked(arena: Arena, service: str, key: str) -> int | None:
    found = await arena.shop.dead_letters(service)
    return next((one["id"] for one in found if one["key"] == key), None)


async def _kept(arena: Arena, key: str) -> bool:
    found = await arena.shop.log.read("inventory.dead-letters.v1")
    return any(one.key == key.encode() for one in found)


def _headers(key: str) -> list[tuple[str, bytes]]:
    said = {
        "ce_specversion": "1.0",
        "ce_id": key,
        "ce_type": "orders.order-placed.v1",
        "ce_source": "/proof",
        "ce_subject": key,
        "content-type": "application/json",
    }
    return [(name, text.encode()) for name, text in said.items()]


FAULTS = [
    Fault("F15", "connections cut during COMMIT", commits_cut, "cluster"),
    Fault("F16", "PostgreSQL slow, the pool exhausted", postgres_slow, "cluster"),
    Fault("F28", "a service's clock jumps", clock_jumps),
    Fault("F31", "the topic of dead letters is gone", no_dead_letters),
    Fault("F34", "the provider comes back after an outage", provider_away, "cluster"),
]
