"""What must be true of a key's events in the end, whatever happened before."""

from collections.abc import Sequence

from shared.messaging.envelope import unpack
from shared.messaging.redrive import redrive

from tests.support.tally import NOTES, Tally, TallyService

_STRANDED = """
SELECT e.key FROM parked_events e WHERE e.consumer = $1 AND NOT EXISTS (
    SELECT 1 FROM parked_keys k WHERE (k.consumer, k.topic, k.key) = (e.consumer, e.topic, e.key))
"""
_EMPTY = """
SELECT k.key FROM parked_keys k WHERE k.consumer = $1 AND NOT EXISTS (
    SELECT 1 FROM parked_events e WHERE (k.consumer, k.topic, k.key) = (e.consumer, e.topic, e.key))
"""
_LEFT = "SELECT * FROM parked_events WHERE consumer = $1 ORDER BY id"
_TOLD = "SELECT headers FROM outbox WHERE topic = $1 AND key = $2 ORDER BY id"


async def mend_and_redrive(service: TallyService, tally: Tally) -> None:
    """What people do when the fault is found: mend it, then let everything through."""
    tally.mend()
    for place in await service.fetch(_LEFT, tally.name):
        await redrive(service.transactions, tally.groups, place, "the judge")


async def violations(
    service: TallyService, tally: Tally, expected: dict[str, Sequence[int]]
) -> list[str]:
    """Every key whose effects are not the expected ones in order, and what is left over."""
    found = [f"{row['key']!r} is stranded" for row in await service.fetch(_STRANDED, tally.name)]
    found += [f"{row['key']!r} has no events" for row in await service.fetch(_EMPTY, tally.name)]
    for order_id, numbers in expected.items():
        effects = await service.effects(order_id)
        if effects != list(numbers):
            found.append(f"{order_id}: {effects} instead of {list(numbers)}")
        told = await _told(service, order_id)
        if told != list(range(1, len(told) + 1)) or len(told) != len(effects):
            found.append(f"{order_id}: told {told} of {effects}")
    return found


async def _told(service: TallyService, order_id: str) -> list[int]:
    rows = await service.fetch(_TOLD, NOTES, order_id.encode())
    return [int(dict(unpack(row["headers"]))["ce_sequence"] or 0) for row in rows]
