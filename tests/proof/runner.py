"""One fault at a time under load: orders in flight, the witness, recovery, quiet, the verdict."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.proof import evidence
from tests.proof.arena import ARENAS, SERVICES, Arena
from tests.proof.fault import Fault
from tests.proof.judges.journal import Journal
from tests.proof.judges.verdict import Evidence, Violation, judge
from tests.proof.load import Load
from tests.proof.report import Progress, Row
from tests.proof.watch import Watch, watching
from tests.support.waiting import eventually, pause

IN_FLIGHT_MIN, SURGE = 20, 30
IN_FLIGHT_WITHIN_S = 30.0
RECOVERY_MAX_S = 30.0
QUIET_WITHIN_S, SETTLED_WITHIN_S = 120.0, 40.0
LATE_S = 25.0  # Longer than payments looks for a charge that was thought not made.
BROKEN_MAX = 3  # So many broken orders are told of from every side.


@dataclass(frozen=True)
class Pace:
    """How hard a run is: orders a second, at least so many in all, seconds before the fault."""

    per_s: float = 10.0
    orders: int = 100
    lead_s: float = 0.0


async def run_faults(
    faults: Sequence[Fault], seed: int, pace: Pace, progress: Progress
) -> list[Row]:
    """Every fault once; one arena of each kind serves all faults of that kind."""
    rows: list[Row] = []
    for kind in dict.fromkeys(one.arena for one in faults):
        progress.say(f"booting the arena with {kind}")
        async with ARENAS[kind]() as arena:
            for fault in (one for one in faults if one.arena == kind):
                progress.say(f"{fault.id:<22} {fault.title}")
                rows.append(await run_fault(arena, fault, seed, pace, progress))
                arena.failed |= not rows[-1].passed
                progress.finished(rows[-1])
            rows.append(await judge_all(arena, seed))
            progress.finished(rows[-1])
    return rows


async def run_fault(arena: Arena, fault: Fault, seed: int, pace: Pace, progress: Progress) -> Row:
    """One run; whatever goes wrong is in its row."""
    row = Row(fault.id, fault.title, seed, again=fault.again(seed))
    started = time.monotonic()
    luck = random.Random(f"{seed}:{fault.id}")
    async with _run(arena, luck) as (load, watch):
        try:
            async with load.arriving(pace.per_s):
                await _hit(arena, fault, pace, row, progress)
                await _enough(load, pace)
        except Exception as error:
            row.void = f"{type(error).__name__}: {error}"
        left = watch.in_flight(load.journal)
        progress.phase(row.void or f"{left} of {len(load.journal.intents)} orders undecided")
        await arena.calm()
        row.violations += await _quiet(arena, load, watch)
        progress.phase(f"judging, {watch.in_flight(load.journal)} undecided")
        seen, broken = await _settled(arena, load.journal, watch)
        row.violations += broken
        row.orders, row.mails_repeated = len(seen.fates), _repeated(seen)
        ids = dict.fromkeys(one.order_id for one in row.violations if one.order_id)
        for order_id in list(ids)[:BROKEN_MAX]:
            row.timeline += await evidence.timeline(arena, seen, order_id)
    row.seconds = time.monotonic() - started
    return row


async def judge_all(arena: Arena, seed: int) -> Row:
    """All runs of an arena once more, from Kafka's beginning: what came back later counts, too.

    That is so of the last run as well: it has been quiet for ``LATE_S``.
    """
    started = time.monotonic()
    await pause(LATE_S)
    row = Row(f"all of {arena.kind}", "every run of the arena judged as one", seed)
    seen = await evidence.gather(arena, Journal.of(*arena.journals), since={})
    row.runs, row.orders, row.counts = len(arena.journals), len(seen.fates), False
    row.violations, row.mails_repeated = judge(seen), _repeated(seen)
    lives = sum(one.lives for one in seen.fates.values())
    # One run alone may be of a fault that lasts as long as an order has.
    row.void = "" if lives or row.runs == 1 else "no order lives: nothing was charged, held or sent"
    read = f"{len(seen.told)} records, {len(seen.book)} operations, {len(seen.mails)} mails"
    row.witness = f"{lives} orders live; {read}"
    row.seconds = time.monotonic() - started
    return row


def _repeated(seen: Evidence) -> int:
    """How many mails came again under their Message-ID; allowed, and counted."""
    return len(seen.mails) - len({one.message_id for one in seen.mails})


@asynccontextmanager
async def _run(arena: Arena, luck: random.Random) -> AsyncIterator[tuple[Load, Watch]]:
    """A load and its watch; afterwards its orders are known elsewhere."""
    await arena.system.wait_ready()
    address, prefix = arena.system.addresses.kafka, arena.system.config.topic_prefix
    async with watching(address, prefix, arena.offsets) as watch:
        load = await Load.of(arena.shop, luck, watch.outcome.get)
        arena.begin(load, watch)
        try:
            yield load, watch
        finally:
            await load.leave()
            arena.journals.append(load.journal)


async def _hit(arena: Arena, fault: Fault, pace: Pace, row: Row, progress: Progress) -> None:
    """The fault itself, amid enough orders, and how long it takes to be over it."""
    load, watch = arena.load, arena.watch
    await pause(pace.lead_s)

    async def busy() -> bool:
        return watch.in_flight(load.journal) >= IN_FLIGHT_MIN

    load.surge(SURGE)
    await eventually(busy, f"{IN_FLIGHT_MIN} orders in flight", IN_FLIGHT_WITHIN_S)
    row.in_flight = watch.in_flight(load.journal)
    progress.phase(f"{row.in_flight} orders in flight")
    async with asyncio.timeout(fault.act_timeout_s):
        witness = await fault.act(arena, load.luck)
    row.witness, row.kills = witness.words, witness.kills
    row.violations += witness.broken
    ended = time.monotonic()
    progress.phase(row.witness)
    await _recovery(arena, row, ended)
    if row.recovery_s > RECOVERY_MAX_S:
        words = f"{row.recovery_s:.1f} s after the fault"
        row.violations.append(Violation("recovers-in-time", "", words))


async def _recovery(arena: Arena, row: Row, ended: float) -> None:
    """Seconds from the fault's end until an order placed after it is decided, and how it is."""
    probe = await arena.load.buy()

    async def decided() -> float:
        return arena.watch.decided_at.get(probe.reference, 0.0)

    at = await eventually(decided, "an order placed after the fault decided", 60)
    row.recovery_s, row.recovered_as = at - ended, arena.watch.outcome[probe.reference]


async def _enough(load: Load, pace: Pace) -> None:
    async def look() -> bool:
        return len(load.journal.intents) >= pace.orders

    await eventually(look, f"{pace.orders} orders", 10 + pace.orders / pace.per_s)


async def _quiet(arena: Arena, load: Load, watch: Watch) -> list[Violation]:
    """Wait until nobody waits for an answer, a decision or a delivery."""

    async def quiet() -> bool:
        return not watch.in_flight(load.journal) and not await _busy(arena)

    try:
        async with asyncio.timeout(QUIET_WITHIN_S):
            await load.answered()
            await arena.system.wait_ready()
        await eventually(quiet, "quiet", QUIET_WITHIN_S)
    except Exception as error:
        left = f"{watch.in_flight(load.journal)} orders undecided; {error}"
        return [Violation("comes-to-rest", "", f"{type(error).__name__}: {left}")]
    return []


async def _busy(arena: Arena) -> bool:
    """Some service has something left to tell, to do or to deliver, or cannot say."""
    try:
        for service in SERVICES:
            outbox = (await arena.shop.get(arena.shop.url(service) + "/ops/outbox")).body
            work = (await arena.shop.get(arena.shop.url(service) + "/ops/work")).body
            if outbox["rows"] or work["kinds"]:
                return True
        return await arena.partner.is_owed()
    except (aiohttp.ClientError, TimeoutError, KeyError, TypeError):
        return True


async def _settled(
    arena: Arena, journal: Journal, watch: Watch
) -> tuple[Evidence, list[Violation]]:
    """The verdict once it no longer changes for the better: consumers may lag behind quiet."""
    give_up_at = time.monotonic() + SETTLED_WITHIN_S
    while True:
        seen = await evidence.gather(arena, journal, since=watch.since)
        broken = judge(seen) + await _own_promises(arena)
        if not broken or time.monotonic() > give_up_at:
            break
        await pause(1)
    arena.elsewhere |= seen.fates.keys() | journal.intents.keys()
    arena.offsets = evidence.ends(seen.told, arena.offsets, arena.system.config.topic_prefix)
    return seen, broken


async def _own_promises(arena: Arena) -> list[Violation]:
    """What the services say of their own tables: a second opinion."""
    broken = []
    for service in SERVICES:
        answer = await arena.shop.get(arena.shop.url(service) + "/ops/invariants")
        for one in answer.body["invariants"]:
            if one["broken"]:
                words = f"{service}: {one['sentence']}: {one['broken'][:5]}"
                broken.append(Violation(f"own-{one['name']}", "", words))
    return broken
