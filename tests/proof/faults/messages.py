"""Records that are wrong, early or doubled, written into Kafka by the fault itself."""

import asyncio
import json
import random
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.faults.poison import GROUPS, POISONS, discard, handler_bug, headers_of
from tests.proof.faults.processes import given
from tests.proof.judges.kafka import FACTS, Told
from tests.support.waiting import eventually, pause

DOUBLED_FOR_S = 6.0
ORDERS_TOPIC = "orders.events.v1"
COPIED = (*FACTS, "storefront.orders.v1")


async def poison(arena: Arena, _: random.Random) -> Witness:
    """One record of each kind that nobody can apply: parked by every group, others go on."""
    keys = []
    for name, (value, more) in POISONS.items():
        key = f"ord_poison_{name}_{uuid4().hex[:8]}"
        arena.forged.add(key)
        await arena.shop.produce(ORDERS_TOPIC, value, headers_of(uuid4().hex, **more), key.encode())
        keys.append(key)
    for service in GROUPS:
        await asyncio.gather(*(discard(arena, service, key) for key in keys))
    return Witness(f"{len(keys)} poison records parked by each of {len(GROUPS)} groups")


async def mended_bug(arena: Arena, _: random.Random) -> Witness:
    """A handler's bug parks an order; mended and redriven, it comes through."""
    async with handler_bug(arena) as parked:
        await parked.redriven()
    return Witness(f"{parked.order_id} was parked, and redriven")


async def cancelled_before_placed(arena: Arena, luck: random.Random) -> Witness:
    """Of a forged order the cancellation comes before the placing: nothing is charged or held."""
    arena.forged.update(forged := [f"ord_early_{uuid4().hex}" for _ in range(10)])

    async def told() -> list[Told]:
        return [one for one in arena.watch.told if one.type == "orders.order-placed.v1"]

    samples = await eventually(told, "an order that can be copied")
    for order_id in forged:
        placed = {**luck.choice(samples).data, "order_id": order_id}
        reference = f"early-{order_id}"
        placed |= {"client_reference": reference, "payment": {"method": "card", "token": "tok_ok"}}
        kept = ("tenant", "total_minor", "currency")
        cancelled = {one: placed[one] for one in kept}
        cancelled |= {"order_id": order_id, "client_reference": reference, "reason": "customer"}
        for number, (family, body) in enumerate((("cancelled", cancelled), ("placed", placed)), 1):
            changed = {
                "ce_type": f"orders.order-{family}.v1".encode(),
                "ce_sequence": f"{number:010}".encode(),
            }
            headers = headers_of(uuid4().hex, **changed)
            value = json.dumps(body).encode()
            await arena.shop.produce(ORDERS_TOPIC, value, headers, order_id.encode())

    async def heard() -> bool:
        found = [await arena.shop.payments(one) for one in forged]
        return all(found)

    await eventually(heard, "payments has heard of them")
    await pause(1)
    statuses = {one["status"] for order in forged for one in await arena.shop.payments(order)}
    assert statuses == {"voided"}, statuses
    return Witness(f"{len(forged)} orders cancelled before they were placed: {sorted(statuses)}")


async def every_record_twice(arena: Arena, _: random.Random) -> Witness:
    """A copier writes every record again, to its partition, as it was."""
    before = {one: await _known(arena, one) for one in GROUPS}
    copies = await _copy_all(arena, DOUBLED_FOR_S)

    async def again() -> bool:
        return all([await _known(arena, one) > before[one] for one in GROUPS])

    await eventually(again, "every group was given copies")
    known = {one: await _known(arena, one) - before[one] for one in GROUPS}
    words = ", ".join(f"{one} {count:.0f}" for one, count in known.items())
    return Witness(f"{copies} records written again; of what they were given was known: {words}")


async def _known(arena: Arena, service: str) -> float:
    return await given(arena, service, outcome="duplicate")


async def _copy_all(arena: Arena, duration_s: float) -> int:
    address, prefix = arena.system.addresses.kafka, arena.system.config.topic_prefix
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        *(prefix + one for one in COPIED), bootstrap_servers=address, auto_offset_reset="latest"
    )
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await consumer.start()
    await producer.start()
    seen: set[tuple[TopicPartition, bytes]] = set()
    try:
        async with asyncio.timeout(duration_s + 20):
            end_at = asyncio.get_running_loop().time() + duration_s
            while asyncio.get_running_loop().time() < end_at:
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    fresh = [one for one in records if (place, _id(one)) not in seen]
                    seen |= {(place, _id(one)) for one in fresh}
                    for one in fresh:
                        await producer.send(
                            place.topic,
                            one.value,
                            one.key,
                            place.partition,
                            headers=list(one.headers),
                        )
            await producer.flush()
    finally:
        await asyncio.gather(consumer.stop(), producer.stop())
    assert seen, "nothing was there to copy"
    return len(seen)


def _id(record: object) -> bytes:
    return dict(getattr(record, "headers", ())).get("ce_id") or b""


FAULTS = [
    Fault("F24", "cancelled before placed", cancelled_before_placed),
    Fault("F30.records", "records that nobody can apply", poison),
    Fault("F30.bug", "a handler's bug, mended", mended_bug),
    Fault("F38", "every record twice", every_record_twice),
]
