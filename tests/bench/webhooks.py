"""``python -m tests.bench.webhooks``: a thousand endpoints, some of them bad, and what it costs.

One instance's pipeline, log and dispatcher in this process, on a real PostgreSQL; the receivers
are in a process of their own, which judges by the raw bytes that came. Two runs: at a fixed rate
with all endpoints well and with a fifth of them dead or dripping, for how late a healthy one gets
its events; and everything at once, for the rate and for the memory: resident before, at the most,
and after it, without the receivers.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog
from local_runtime.databases import create_database
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.embedded import EmbeddedRuntime

from tests.bench.memory import peak_mb, settled_mb
from tests.support.fulfilment import life_of
from tests.support.partner_world import PartnerWorld, partner_world
from tests.support.receivers import Receivers, receivers
from tests.support.waiting import eventually, ticks

BAD = ("hang", "drip", "fail", "garbage", "redirect", "busy", "gone")
PARTNERS = 10
TICKS_PER_S = 10
Json = dict[str, Any]


@dataclass
class Judge:
    """The process of the receivers, asked over a pipe."""

    pipe: Connection
    port: int

    def ask(self, question: str, *arguments: Any) -> Any:
        self.pipe.send((question, *arguments))
        return self.pipe.recv()


def judge_in(pipe: Connection) -> None:
    """The receivers' process: it answers what it has received, and how late, by endpoint."""
    asyncio.run(_judge(pipe))


async def _judge(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    async with receivers() as servers:
        pipe.send(servers.port)
        while (question := await loop.run_in_executor(None, pipe.recv))[0] != "end":
            match question[0]:
                case "taken":
                    pipe.send(sum(len(servers.taken[one]) for one in question[1]))
                case "verdict":
                    pipe.send(_verdict(servers, *question[1:]))
                case "delays":
                    pipe.send(_delays(servers, *question[1:]))
                case _:
                    servers.by_name.clear()
                    servers.taken.clear()
                    servers.received.clear()
                    pipe.send(True)


def _verdict(servers: Receivers, names: Sequence[str], expected: set[str]) -> Json:
    """Whether each of ``names`` got exactly what it should, in order, the same at each attempt."""
    wrong = [one for one in names if {got.id for got in servers.taken[one]} != expected]
    unordered = doubled = 0
    for name in names:
        last: dict[str, int] = {}
        for got in servers.taken[name]:
            event = got.event
            doubled += event["sequence"] <= last.get(event["order_id"], 0)
            unordered += event["sequence"] > last.get(event["order_id"], 0) + 1
            last[event["order_id"]] = max(last.get(event["order_id"], 0), event["sequence"])
    bodies: dict[str, set[bytes]] = {}
    for got in servers.received:
        bodies.setdefault(got.id, set()).add(got.body)
    changed = sum(len(one) > 1 for one in bodies.values())
    return {"wrong": len(wrong), "unordered": unordered, "doubled": doubled, "changed": changed}


def _delays(servers: Receivers, names: Sequence[str], told_at: dict[str, float]) -> Json:
    took = sorted(
        1000 * (got.at - told_at[got.id])
        for name in names
        for got in servers.taken[name]
        if got.id in told_at
    )
    at = {"p50": len(took) // 2, "p99": 99 * len(took) // 100, "max": len(took) - 1}
    return {name: round(took[place], 1) for name, place in at.items()} | {"n": len(took)}


async def main(asked: argparse.Namespace) -> Json:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=judge_in, args=(theirs,))
    process.start()
    judge = Judge(ours, ours.recv())
    try:
        with tempfile.TemporaryDirectory(prefix="orderproof-webhooks-") as folder:
            runtime = EmbeddedRuntime(RunDir.at(Path(folder)), PortBook(fixed=False))
            backing = await runtime.start()
            try:
                dsn = await create_database(
                    backing.postgres_admin_dsn, "notifications", "notifications"
                )
                return await _measured(dsn, judge, asked)
            finally:
                await runtime.stop()
    finally:
        judge.pipe.send(("end",))
        process.join(5)
        process.kill()


async def _measured(dsn: str, judge: Judge, asked: argparse.Namespace) -> Json:
    well = await _at_rate(dsn, judge, asked, bad_every=0)
    ill = await _at_rate(dsn, judge, asked, bad_every=5)
    all_at_once = await _all_at_once(dsn, judge, asked)
    ratio = ill["delay_ms"]["p99"] / well["delay_ms"]["p99"]
    return {"well": well, "a fifth bad": ill, "p99_ratio": round(ratio, 2), **all_at_once}


async def _endpoints(world: PartnerWorld, judge: Judge, count: int, bad_every: int) -> list[str]:
    """Register them; gives the names of the healthy ones."""
    healthy: list[str] = []
    keys = [await world.add_partner(f"p-{number}") for number in range(PARTNERS)]
    for number in range(count):
        bad = bad_every and number % bad_every == 0
        how = BAD[number // bad_every % len(BAD)] if bad else "ok"
        name = f"{how}-{number}"
        url = f"http://127.0.0.1:{judge.port}/{how}/{name}"
        await world.register(keys[number % PARTNERS], url, rate_per_s=1000)
        if not bad:
            healthy.append(name)
    return healthy


async def _at_rate(dsn: str, judge: Judge, asked: argparse.Namespace, bad_every: int) -> Json:
    """``asked.rate`` deliveries a second to a tenth of the endpoints: each gets every event."""
    judge.ask("forget")
    count = max(10, asked.endpoints // 10)
    async with partner_world(dsn, webhook_calls_max=asked.calls, partner_endpoints_max=10_000) as w:
        await w.empty()
        healthy = await _endpoints(w, judge, count, bad_every)
        told_at: dict[str, float] = {}
        each = asked.rate / count / TICKS_PER_S
        async with w.dispatching():
            before_s, owed, number = time.process_time(), 0.0, 0
            async for _ in ticks(TICKS_PER_S, round(asked.seconds * TICKS_PER_S)):
                owed += each
                while owed >= 1:
                    events = life_of(f"ord_{number:06d}")[:1]
                    number, owed = number + 1, owed - 1
                    at = time.monotonic()
                    told_at |= dict.fromkeys(await w.tell(*events), at)
            expected = len(told_at) * len(healthy)
            await _all_came(judge, healthy, expected)
            cpu_s = time.process_time() - before_s
    verdict = judge.ask("verdict", healthy, set(told_at))
    return {
        "endpoints": count,
        "deliveries": expected,
        "delay_ms": judge.ask("delays", healthy, told_at),
        "cpu_ms_per_delivery": round(1000 * cpu_s / max(1, expected), 2),
        "verdict": verdict,
    }


async def _all_at_once(dsn: str, judge: Judge, asked: argparse.Namespace) -> Json:
    """Every event to every endpoint, a fifth of which are bad."""
    judge.ask("forget")
    async with partner_world(dsn, webhook_calls_max=asked.calls, partner_endpoints_max=10_000) as w:
        await w.empty()
        healthy = await _endpoints(w, judge, asked.endpoints, bad_every=5)
        before_mb = settled_mb()
        before_s, began_s = time.process_time(), time.monotonic()
        ids: set[str] = set()
        async with w.dispatching():
            for number in range(asked.orders):
                ids |= set(await w.tell(*life_of(f"ord_{number:06d}")))
            expected = len(ids) * len(healthy)
            await _all_came(judge, healthy, expected)
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - before_s
        memory = {"before": before_mb, "peak": peak_mb(), "settled": settled_mb()}
    return {
        "all_at_once": {
            "endpoints": asked.endpoints,
            "deliveries": expected,
            "seconds": round(took_s, 1),
            "deliveries_s": round(expected / took_s),
            "cpu_ms_per_delivery": round(1000 * cpu_s / expected, 2),
            "rss_mb": memory,
            "verdict": judge.ask("verdict", healthy, ids),
        }
    }


async def _all_came(judge: Judge, healthy: Sequence[str], expected: int) -> None:
    async def look() -> bool:
        taken = await asyncio.to_thread(judge.ask, "taken", healthy)
        print(f"\r{taken} of {expected} deliveries", end="", file=sys.stderr)
        return bool(taken >= expected)

    await eventually(look, "all deliveries", 600)
    print(file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.webhooks")
    parser.add_argument("--endpoints", type=int, default=1000)
    parser.add_argument("--orders", type=int, default=15, help="of four events, all at once")
    parser.add_argument("--rate", type=float, default=200, help="deliveries a second")
    parser.add_argument("--seconds", type=float, default=20, help="at that rate")
    parser.add_argument("--calls", type=int, default=256, help="under way at once")
    print(json.dumps(asyncio.run(main(parser.parse_args())), indent=2))
