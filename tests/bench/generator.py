"""The load's own process: ``python -m tests.bench.generator '<Spec as JSON>'``.

Prints a line of JSON every half a second, and the outcome as the last one. It ends early when
its standard input says so or is closed.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Protocol

import psutil
import uvloop

from tests.bench.completions import Completions
from tests.bench.histogram import Latencies, Timeline, recent_ms
from tests.bench.http_door import CREATED, HttpDoor
from tests.bench.kafka_door import KafkaDoor
from tests.bench.orders import Order, Shelf
from tests.bench.spec import Outcome, Spec
from tests.support.waiting import pause

TOLD_EVERY_S = 0.5
LEAD_S = 0.1
TICK_S = 0.001
TROUBLES_MAX = 5


class Door(Protocol):
    """Where orders are handed over; nothing is waited for."""

    told_again: int

    async def open(self) -> None: ...

    def place(self, order: Order, scheduled_at: float) -> None: ...

    async def close(self) -> None: ...


class Generator:
    """One load. Times are of the monotonic clock, in seconds."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.outcome = Outcome()
        self.latencies = Latencies()
        self.acknowledged = Latencies()
        self.large = Latencies()
        self.timeline = Timeline(spec.slice_s)
        self._shelf = Shelf.of(spec.shape, spec.seed, spec.large_every)
        self._outstanding: dict[str, float] = {}
        self._large: set[str] = set()
        self._recent: list[float] = []
        self._in_window = 0
        self._starts_at = self._counts_from = self._ends_at = 0.0
        self._ended = asyncio.Event()
        self._stopped = asyncio.Event()
        self._door = self._door_of(spec)
        self._loop = asyncio.get_running_loop()

    async def run(self) -> Outcome:
        """Place, wait for what is outstanding, tell."""
        spec = self.spec
        reader = Completions(spec.kafka, spec.prefix, self._heard_in_thread)
        await self._door.open()
        reader.start()
        self._starts_at = time.monotonic() + LEAD_S
        self._counts_from = self._starts_at + spec.warm_s
        self._ends_at = self._starts_at + spec.seconds
        telling = asyncio.create_task(self._tell())
        try:
            await self._until_stopped(self._arrive() if spec.rate else self._keep_in_flight())
            await self._until_stopped(self._drained())
        finally:
            telling.cancel()
            await self._door.close()
            reader.stop()
        if reader.trouble:
            self._note(reader.trouble)
        return self._judged()

    def stop(self) -> None:
        """End at once, with what there is."""
        self._ends_at = min(self._ends_at, time.monotonic())
        self._stopped.set()

    # Placing

    async def _arrive(self) -> None:
        """Each at its own moment by the clock, whatever became of those before."""
        rate, number = self.spec.rate, 0
        total = round(rate * self.spec.seconds)
        while number < total:
            now = time.monotonic()
            due = (
                min(total, int((now - self._starts_at) * rate) + 1) if now > self._starts_at else 0
            )
            while number < due:
                scheduled_at = self._starts_at + number / rate
                self._place(scheduled_at)
                number += 1
            next_at = self._starts_at + number / rate
            await pause(max(TICK_S, next_at - time.monotonic()))

    async def _keep_in_flight(self) -> None:
        await pause(max(0.0, self._starts_at - time.monotonic()))
        for _ in range(self.spec.in_flight):
            self._place(time.monotonic())
        await pause(max(0.0, self._ends_at - time.monotonic()))

    def _place(self, scheduled_at: float) -> None:
        outcome = self.outcome
        order = self._shelf.order(f"{self.spec.run}-{outcome.placed}")
        outcome.placed += 1
        self._outstanding[order.reference] = scheduled_at
        if order.large:
            self._large.add(order.reference)
        late_ms = (time.monotonic() - scheduled_at) * 1000
        outcome.late_ms_max = max(outcome.late_ms_max, late_ms)
        self._door.place(order, scheduled_at)

    # What is heard

    def _heard_in_thread(self, ended: list[tuple[str, bool]], now: float) -> None:
        self._loop.call_soon_threadsafe(self._heard, ended, now)

    def _heard(self, ended: list[tuple[str, bool]], now: float) -> None:
        for reference, confirmed in ended:
            self._end(reference, confirmed, now)

    def _end(self, reference: str, confirmed: bool, now: float) -> None:
        scheduled_at = self._outstanding.pop(reference, None)
        if scheduled_at is None:
            return
        self.outcome.confirmed += confirmed
        self.outcome.otherwise += not confirmed
        if self._counts_from <= now < self._ends_at:
            self._in_window += confirmed
        if scheduled_at >= self._counts_from:
            latencies = self.large if reference in self._large else self.latencies
            latencies.note(now - scheduled_at)
        self.timeline.note(scheduled_at - self._starts_at, now - self._starts_at)
        self.outcome.ended_at = now
        self._recent.append(now - scheduled_at)
        self._replace(now)

    def _answered(self, reference: str, status: int, now: float) -> None:
        if status != CREATED:
            self._refused(reference, f"HTTP status {status}")
            return
        scheduled_at = self._outstanding.get(reference)
        if scheduled_at is not None and scheduled_at >= self._counts_from:
            self.acknowledged.note(now - scheduled_at)

    def _refused(self, reference: str, why: str) -> None:
        if self._outstanding.pop(reference, None) is not None:
            self.outcome.refused += 1
            self._note(why)
            self._replace(time.monotonic())

    def _replace(self, now: float) -> None:
        if self.spec.in_flight and now < self._ends_at:
            self._place(now)
        if not self._outstanding:
            self._ended.set()

    # The end

    async def _drained(self) -> None:
        """What is outstanding has ended, or has had its time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.spec.drain_s):
                while self._outstanding:
                    self._ended.clear()
                    await self._ended.wait()

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopped.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for one in (working, stopping):
            one.cancel()
        with suppress(asyncio.CancelledError):
            await working

    def _judged(self) -> Outcome:
        outcome = self.outcome
        outcome.outstanding = len(self._outstanding)
        outcome.told_again = self._door.told_again
        outcome.window_s = round(self._ends_at - self._counts_from, 3)
        outcome.orders_s = round(self._in_window / max(outcome.window_s, 0.001), 1)
        outcome.latency_ms = self.latencies.percentiles_ms()
        outcome.large_ms = self.large.percentiles_ms()
        outcome.windows, outcome.started_at = self.timeline.windows(), self._starts_at
        outcome.acknowledged_ms = self.acknowledged.percentiles_ms()
        outcome.late_ms_max = round(outcome.late_ms_max, 2)
        used = psutil.Process().cpu_times()
        outcome.cpu_s = round(used.user + used.system, 3)
        return outcome

    def _note(self, trouble: str) -> None:
        if len(self.outcome.trouble) < TROUBLES_MAX:
            self.outcome.trouble.append(trouble)

    async def _tell(self) -> None:
        while True:
            told = {
                "at_s": round(time.monotonic() - self._starts_at, 1),
                "placed": self.outcome.placed,
                "confirmed": self.outcome.confirmed,
                "outstanding": len(self._outstanding),
                **recent_ms(self._recent),
            }
            self._recent.clear()
            _say({"progress": told})
            await pause(TOLD_EVERY_S)

    def _door_of(self, spec: Spec) -> Door:
        if spec.intake == "http":
            return HttpDoor(spec.orders_url, self._answered)
        return KafkaDoor(spec.kafka, spec.prefix, self._refused, spec.sampled)


def _say(document: object) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def _listen(stop: Callable[[], None]) -> None:
    """The parent says ``stop``, or is gone."""

    def heard() -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin)
        stop()

    asyncio.get_running_loop().add_reader(sys.stdin, heard)


async def main(spec: Spec) -> None:
    generator = Generator(spec)
    _listen(generator.stop)
    _say({"outcome": asdict(await generator.run())})


if __name__ == "__main__":
    uvloop.run(main(Spec(**json.loads(sys.argv[1]))))
