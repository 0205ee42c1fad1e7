"""Everything twice: each record of each topic again, and every group back to its beginning."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from shared.contracts import topics

from tests.support.builders import a_line
from tests.support.shop import Shop
from tests.support.waiting import eventually

TOPICS = (
    topics.STOREFRONT_ORDERS,
    topics.ORDERS,
    topics.PAYMENTS,
    topics.INVENTORY,
    topics.FULFILMENT,
)
GROUPS = {
    "orders": (topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT),
    "orders-intake": (topics.STOREFRONT_ORDERS,),
    "payments": (topics.ORDERS,),
    "inventory": (topics.ORDERS,),
    "notifications": (topics.ORDERS,),
}
PARTITIONS = 6


async def test_every_record_twice_and_every_group_reset_changes_nothing(shop: Shop) -> None:
    await _some_of_each(shop)
    await _at_rest(shop)
    before = await _state(shop)
    assert before["orders"], "there is something to repeat"

    produced = await _produce_again(shop)
    await _reset_groups(shop)
    await _at_rest(shop)

    assert produced > 100, "the witness: so many records came again"
    after = await _state(shop)
    for name, value in before.items():
        assert after[name] == value, name


async def _some_of_each(shop: Shop) -> None:
    sku = await shop.new_sku(30)
    tokens = ("tok_ok", "tok_declined") * 10
    placed = [await shop.place(a_line(sku), token=token) for token in tokens]
    await asyncio.gather(*(shop.outcome(one) for one in placed))
    shipped = await shop.place(a_line(sku))
    await shop.outcome(shipped)
    await shop.deliver(await shop.dispatch(shipped))
    await shop.reaches(shipped, "delivered")
    await shop.outcome(await shop.place(a_line(sku, 31)))


async def _state(shop: Shop) -> dict[str, Any]:
    """What the outside sees, and how many rows of each effect there are."""
    databases = shop.system.addresses.databases
    return {
        "orders": await _rows(databases["orders"], "SELECT * FROM orders ORDER BY order_id"),
        "book": [(one["op"], one["key"], one["amount_minor"]) for one in await shop.book()],
        "mails": Counter(one["message_id"] for one in await _all_mails(shop)),
        "messages": await _rows(
            databases["notifications"], "SELECT message_id FROM messages ORDER BY 1"
        ),
        "ledger": await _rows(
            databases["payments"], "SELECT * FROM ledger_entries ORDER BY 1, 2, 3"
        ),
        "stock": await _rows(databases["inventory"], "SELECT * FROM stock ORDER BY 1, 2"),
        "movements": await _rows(databases["inventory"], "SELECT count(*) FROM stock_movements"),
    }


async def _rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def _all_mails(shop: Shop) -> list[dict[str, Any]]:
    return list((await shop.get(shop.system.addresses.mail + "/messages?brief=true")).body)


async def _produce_again(shop: Shop) -> int:
    records = await shop.log.read(*TOPICS)
    producer = AIOKafkaProducer(bootstrap_servers=shop.system.addresses.kafka)
    await producer.start()
    try:
        for one in records:
            await producer.send(
                one.topic, one.value, one.key, one.partition, headers=list(one.headers)
            )
    finally:
        await producer.stop()
    return len(records)


async def _reset_groups(shop: Shop) -> None:
    """Commit offset 0 for each group once nobody is in it; they start at the earliest again."""
    names = [f"{service}-0" for service in shop.system.config.services]
    await asyncio.gather(*(shop.system.take_down(name) for name in names))
    for group, read in GROUPS.items():
        await _rewind(shop, shop.system.config.topic_prefix + group, read)
    await asyncio.gather(*(shop.system.bring_back(name) for name in names))


async def _rewind(shop: Shop, group: str, read: tuple[str, ...]) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=shop.system.addresses.kafka, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        prefixed = [shop.system.config.topic_prefix + topic for topic in read]
        places = [
            TopicPartition(topic, number) for topic in prefixed for number in range(PARTITIONS)
        ]
        consumer.assign(places)

        async def rewound() -> bool:
            try:
                await consumer.commit(dict.fromkeys(places, 0))
            except KafkaError:
                # The killed members are in the group until their session ends.
                return False
            return True

        await eventually(rewound, f"{group} rewound", 40)
    finally:
        await consumer.stop()


async def _at_rest(shop: Shop) -> None:
    """Until nothing that was read leads to more: what is read last may still have to be told."""
    told, known = 0, -1
    while told != known:
        known = told
        await _caught_up(shop)
        await shop.drained()
        told = len(await shop.log.read(*TOPICS))


async def _caught_up(shop: Shop) -> None:
    """Every group has committed the end of every partition it reads."""
    admin = AIOKafkaAdminClient(bootstrap_servers=shop.system.addresses.kafka)
    await admin.start()
    try:
        ends = Counter(
            {(one.topic, one.partition): one.offset + 1 for one in await shop.log.read(*TOPICS)}
        )

        async def look() -> bool:
            committed: dict[tuple[str, int], list[int]] = {}
            for group in GROUPS:
                offsets = await admin.list_consumer_group_offsets(
                    shop.system.config.topic_prefix + group
                )
                for place, offset in offsets.items():
                    committed.setdefault((place.topic, place.partition), []).append(offset.offset)
            return all(
                place in committed and min(committed[place]) >= end for place, end in ends.items()
            )

        await eventually(look, "every group at the end of its topics", 60)
    finally:
        await admin.close()
