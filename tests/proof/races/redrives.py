"""The race of a redrive and what comes meanwhile: an order is put right while it is cancelled."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.proof.arena import Arena
from tests.proof.judges.journal import Intent
from tests.proof.judges.verdict import Violation
from tests.proof.races.meetings import Meetings
from tests.support.waiting import eventually, pause

# Each wave's orders are parked together; a list of dead letters has room for those of all waves.
WAVE, WAVES_AT_ONCE, LISTED_MAX = 40, 3, 200
UNITS_MAX = 3
PARKED_WITHIN_S, WITHIN_S = 40.0, 0.2
# So many redrives begin when Kafka has told of the cancellation: inventory is about to hear of it.
PATIENT = 0.5


@dataclass
class Bug:
    """Which SKUs' orders inventory's handler fails for at present."""

    file: Path
    skus: set[str] = field(default_factory=set)

    def plant(self, sku: str) -> None:
        self._write(self.skus | {sku})

    def mend(self, sku: str) -> None:
        self._write(self.skus - {sku})

    def _write(self, skus: set[str]) -> None:
        """All at once: the handler reads it at any moment."""
        self.skus = skus
        written = self.file.with_name(f".{self.file.name}")
        written.write_text(" ".join(skus))
        written.rename(self.file)


async def redrive_live_event(meetings: Meetings) -> None:
    """Orders are parked by a bug; when it is mended, two people redrive each as it is cancelled."""
    arena, load, numbers = meetings.arena, meetings.load, count()
    bug = Bug(arena.shop.crash_dir / "bug")

    async def meet(_: int, size: int) -> None:
        sku = f"{load.run}-bug-{next(numbers)}"
        await load.receive({sku: UNITS_MAX * size})
        bug.plant(sku)
        try:
            intents = await asyncio.gather(*(load.buy(sku=sku) for _ in range(size)))
            parked = await _parked(arena, intents)
        finally:
            bug.mend(sku)
        await asyncio.gather(*(_race(meetings, one, parked[min(one.order_ids)]) for one in intents))
        for order_id in parked.keys() & await _listed(arena):
            words = "something of it is parked after it was redriven"
            meetings.broken.append(Violation("redriven-whole", order_id, words))

    await meetings.hold_together(meet, WAVE, WAVES_AT_ONCE)


async def _race(meetings: Meetings, intent: Intent, parked_id: int) -> None:
    """What waits behind the order's first event is run by its redrive, what does not by itself."""
    luck, instances = meetings.luck, meetings.arena.instances
    patient, cancel_after_s = luck.random() < PATIENT, WITHIN_S * luck.random() ** 2
    redrives = [(luck.randrange(instances), WITHIN_S * luck.random() ** 2) for _ in range(2)]

    async def redrive(instance: int, after_s: float) -> int:
        if patient:
            await meetings.decided(intent)
        await pause(after_s)
        return await _redrive(meetings.arena, parked_id, instance)

    async def cancel() -> None:
        await pause(cancel_after_s)
        await meetings.load.cancel(intent)

    *done, _ = await asyncio.gather(*(redrive(*one) for one in redrives), cancel())
    match sum(one for one in done if one):
        case 1:
            meetings.wins["redriven first"] += 1
        case 2:
            meetings.wins["cancelled first"] += 1
        case other:
            words = f"two redrives have run {other} of its events"
            order_id = min(intent.order_ids)
            meetings.broken.append(Violation("redriven-once", order_id, words))


async def _redrive(arena: Arena, parked_id: int, instance: int) -> int:
    """How many events it has run; none when the other one has run them."""
    url = f"{arena.shop.url('inventory', instance)}/ops/dead-letters/{parked_id}/redrive"
    answer = await arena.shop.post(url, {}, **{"X-Operator": "proof"})
    if answer.status == 404:
        return 0
    assert (answer.status, answer.body.get("failed")) == (200, None), answer.body
    return int(answer.body["done"])


async def _parked(arena: Arena, intents: Sequence[Intent]) -> dict[str, int]:
    """The id of the dead letter of each order, once all of them are parked."""
    order_ids = {min(one.order_ids) for one in intents}

    async def look() -> dict[str, int]:
        listed = await _listed(arena)
        return {one: listed[one] for one in order_ids} if order_ids <= listed.keys() else {}

    return await eventually(look, f"{len(order_ids)} orders parked", PARKED_WITHIN_S)


async def _listed(arena: Arena) -> dict[str, int]:
    """The first dead letter of each order that is parked in inventory."""
    url = f"{arena.shop.url('inventory')}/ops/dead-letters?limit={LISTED_MAX}"
    found = (await arena.shop.get(url)).body["dead_letters"]
    return {one["key"]: one["id"] for one in found}
