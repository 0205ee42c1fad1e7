"""The sample consumer that partners copy, run as they would run it on the real topic."""

import asyncio
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from shared.contracts import topics

from tests.support.builders import a_line
from tests.support.kafka_log import headers_of
from tests.support.shop import Shop

SAMPLE = Path(__file__).parents[2] / "docs" / "partners" / "follow_fulfilment.py"
RUN_TIMEOUT_S = 30
OPENED, DISPATCHED, DELIVERED = (
    "fulfilment.fulfilment-order-opened.v1",
    "fulfilment.shipment-dispatched.v1",
    "fulfilment.shipment-delivered.v1",
)


@dataclass(frozen=True)
class Followed:
    """How the sample ended, and what it told: of each order, sequences and types as they came."""

    exit_code: int
    told: dict[str, list[tuple[int, str]]]
    errors: str


async def test_the_sample_follows_every_order_from_its_first_event_to_its_last(shop: Shop) -> None:
    sku = await shop.new_sku(4)
    order_ids = [await shop.place(a_line(sku, 1)) for _ in range(3)]
    parcels = await shop.place(a_line(sku, 1), a_line(await shop.new_sku(1)))
    await asyncio.gather(*(_deliver(shop, one) for one in order_ids))
    await _deliver(shop, parcels, sku)
    await shop.drained()

    followed = await _follow(shop, topics.FULFILMENT, await _events(shop))

    assert (followed.exit_code, followed.errors) == (0, "")
    for order_id in order_ids:
        assert followed.told[order_id] == [(1, OPENED), (2, DISPATCHED), (3, DELIVERED)]
    assert followed.told[parcels] == [
        (1, OPENED),
        (2, DISPATCHED),
        (3, DELIVERED),
        (4, DISPATCHED),
        (5, DELIVERED),
    ]


async def test_the_sample_calls_somebody_when_an_event_is_missing(shop: Shop) -> None:
    """What it is fed are the real records of an order, but for the second."""
    order_id = await shop.place(a_line(await shop.new_sku(1)))
    await shop.outcome(order_id)
    await _deliver(shop, order_id)
    await shop.drained()
    torn = await _copy_without_the_second(shop, order_id)

    followed = await _follow(shop, torn, count=2)

    assert followed.exit_code == 1
    assert followed.told[order_id] == [(1, OPENED), (3, DELIVERED)]
    assert followed.errors.startswith(f"OUT OF ORDER: {order_id} #3 {DELIVERED}")


async def _deliver(shop: Shop, order_id: str, *first: str) -> None:
    """Send and deliver the SKUs named ``first`` in a parcel of their own, then what is left."""
    for sku in first:
        await shop.deliver(await shop.dispatch(order_id, (sku, 1)))
    left = [
        (line["sku"], line["quantity"])
        for line in (await shop.fulfilment_order(order_id))["lines"]
        if line["sku"] not in first
    ]
    await shop.deliver(await shop.dispatch(order_id, *left))
    await shop.reaches(order_id, "delivered")


async def _events(shop: Shop) -> int:
    """How many events there are on the topic, each counted once."""
    records = [headers_of(one) for one in await shop.log.read(topics.FULFILMENT)]
    return len({(one["ce_source"], one["ce_id"]) for one in records})


async def _follow(shop: Shop, topic: str, count: int) -> Followed:
    """Run the sample on ``topic`` from its beginning until it has handled ``count`` events."""
    options = {
        "bootstrap": shop.system.addresses.kafka,
        "group": f"partner-{uuid4().hex}",
        "topic": shop.system.config.topic_prefix + topic,
        "count": str(count),
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SAMPLE),
        "--from-beginning",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(RUN_TIMEOUT_S):
            out, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        out, errors = await process.communicate()
    assert process.returncode is not None
    return Followed(process.returncode, _told(out.decode()), errors.decode())


def _told(out: str) -> dict[str, list[tuple[int, str]]]:
    """Lines of ``order #sequence type data``."""
    told: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in out.splitlines():
        order_id, sequence, event_type, _ = line.split(" ", 3)
        told[order_id].append((int(sequence.removeprefix("#")), event_type))
    return told


async def _copy_without_the_second(shop: Shop, order_id: str) -> str:
    """A topic of one partition with what was told of the order, but for the second event."""
    name = f"torn-{uuid4().hex}"
    prefixed = shop.system.config.topic_prefix + name
    records = await shop.log.read(topics.FULFILMENT)
    first, _, third = [one for one in records if one.key == order_id.encode()]
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.system.addresses.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(prefixed, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=shop.system.addresses.kafka) as producer:
        for one in (first, third):
            await producer.send_and_wait(prefixed, one.value, one.key, headers=list(one.headers))
    return name
