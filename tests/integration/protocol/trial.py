"""One random interleaving: a consumer, zombies with its records, redrivers and discards."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncpg import Record as Row
from shared.errors import Permanent
from shared.messaging.envelope import Record
from shared.messaging.redrive import discard, redrive

from tests.integration.protocol.judge import mend_and_redrive, violations
from tests.support.tally import Counted, CountedAnew, Tally, TallyService, a_record
from tests.support.waiting import pause

ORDERS, EVENTS = 2, 5
POISON, GLITCH, REPEATED = 0.15, 0.05, 0.3
DISCARD, MENDED, UPGRADED = 0.15, 0.6, 0.1
PAUSES_S = (0.0, 0.0, 0.001, 0.003)

_LEFT = "SELECT * FROM parked_events WHERE consumer = $1 ORDER BY id"
_DISCARDED = "SELECT parked_id FROM dead_letter_actions WHERE action = 'discarded'"


class Glitch(Permanent):
    """A failure that neither the event nor the handler explains."""


@dataclass
class Trial:
    service: TallyService
    seed: int
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.tally = Tally(f"trial-{self.seed}", meanwhile=self.stumble)
        self.orders = [f"{self.seed}-{n}" for n in range(ORDERS)]
        self.calm = self.consumed = False
        self.discards: dict[int, tuple[str, int]] = {}

    async def judged(self) -> list[str]:
        """Run all of it, mend and redrive everything; gives what is wrong then."""
        redrivers = [asyncio.create_task(self.redrive_now_and_then()) for _ in range(2)]
        zombies: list[asyncio.Task[None]] = []
        await self.consume(self.log(), zombies)
        await asyncio.gather(*zombies)
        self.consumed = True
        await asyncio.gather(*redrivers)
        self.calm = True
        await mend_and_redrive(self.service, self.tally)
        return await violations(self.service, self.tally, await self.expected())

    def log(self) -> list[Record]:
        """The keys' events mixed, each key's in order, some again later."""
        turns = [order for order in self.orders for _ in range(EVENTS)]
        self.random.shuffle(turns)
        seen: Counter[str] = Counter()
        log: list[Record] = []
        for order in turns:
            seen[order] += 1
            log.append(self.event(order, seen[order], len(log)))
            if self.random.random() < REPEATED:
                log.append(self.random.choice(log))
        return log

    def event(self, order: str, number: int, offset: int) -> Record:
        kind: type[Counted] = Counted
        if self.random.random() < POISON:
            kind = CountedAnew  # Of a version that nobody here can read yet.
        elif self.random.random() < POISON:
            self.tally.broken.add((order, number))
        return a_record(kind(order_id=order, number=number), offset)

    async def consume(self, log: Sequence[Record], zombies: "list[asyncio.Task[None]]") -> None:
        at = 0
        while at < len(log):
            batch = log[at : at + self.random.randint(1, 6)]
            for _ in range(self.random.choice((0, 1, 1, 2))):
                zombies.append(asyncio.create_task(self.hold(batch)))
            await self.hold(batch)
            at += len(batch)

    async def hold(self, batch: Sequence[Record]) -> None:
        """As one instance: it may be late, and it may end before the others begin."""
        await self.dawdle()
        await self.service.pipeline(self.tally).process(batch)

    async def redrive_now_and_then(self) -> None:
        while not self.consumed:
            await self.dawdle()
            if places := await self.service.fetch(_LEFT, self.tally.name):
                await self.handle_dead_letter(self.random.choice(places[:3]))

    async def handle_dead_letter(self, place: Row) -> None:
        steps: tuple[Any, Any, Any, str] = (
            self.service.transactions,
            self.tally.groups,
            place,
            "people",
        )
        if self.random.random() < DISCARD:
            event = Counted.from_json(place["value"])
            self.discards[place["id"]] = (event.order_id, event.number)
            await discard(*steps, reason="at random")
            return
        if self.random.random() < MENDED and self.tally.broken:
            self.tally.broken.discard(self.random.choice(sorted(self.tally.broken)))
        self.tally.upgraded |= self.random.random() < UPGRADED
        result = await redrive(*steps)
        self.happened["redriven"] += result.done
        self.happened["stopped at a failure"] += result.failed is not None

    async def expected(self) -> dict[str, Sequence[int]]:
        """Everything but what people discarded, as the audit of their actions says."""
        audited = {row["parked_id"] for row in await self.service.fetch(_DISCARDED)}
        gone = {event for parked_id, event in self.discards.items() if parked_id in audited}
        self.happened["discarded"] += len(gone)
        return {
            order: [n for n in range(1, EVENTS + 1) if (order, n) not in gone]
            for order in self.orders
        }

    async def stumble(self, _: Counted) -> None:
        if not self.calm:
            await self.dawdle()
            if self.random.random() < GLITCH:
                raise Glitch

    async def dawdle(self) -> None:
        await pause(self.random.choice(PAUSES_S))
