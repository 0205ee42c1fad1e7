"""What befalls consumers and relays: stops, rebalances, lost and reset offsets, two leaders."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import DeleteGroupsRequest

from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.faults.processes import given
from tests.proof.judges.kafka import ORDERS, first_occurrences
from tests.support.deaths import Death, Stop
from tests.support.judges import metric
from tests.support.waiting import eventually, pause

STOPPED_S, IDLE_IN_TRANSACTION_S, TAKEOVER_S = 8.0, 9.0, 9.0
STORM_TURNS, GROUP_EMPTY_S = 3, 25.0
COMMITTED_MIN = 50
GROUPS = ("payments", "inventory", "notifications")

_OPEN = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND state = 'idle in transaction'
"""
_END_SESSION = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1
"""
Change = Callable[[Arena, str, Mapping[TopicPartition, int]], Awaitable[None]]


async def stop_a_consumer(arena: Arena, luck: random.Random) -> Witness:
    """SIGSTOP in an open transaction; the other instance goes on, and SIGCONT harms nothing."""
    service = luck.choice(("payments", "inventory"))
    stop = Stop.ordered(arena.shop, f"{service}-1", "consumer.in_transaction")
    db = await asyncpg.connect(arena.system.addresses.databases[service])
    try:
        await stop.happened()
        assert await db.fetchval(_OPEN, stop.instance) == 1, "its transaction is open"

        async def ended() -> bool:
            return bool(await db.fetchval(_OPEN, stop.instance) == 0)

        await eventually(ended, "the stopped transaction ended", IDLE_IN_TRANSACTION_S)
        await pause(STOPPED_S - IDLE_IN_TRANSACTION_S / 2)
    finally:
        await db.close()
        stop.end()
    return Witness(f"{stop.instance} stopped in its transaction, which PostgreSQL ended")


async def stop_the_leader(arena: Arena, _: random.Random) -> Witness:
    """SIGSTOP of the relay that leads, between ack and removal; the other one takes over."""
    leader = await leader_of_orders(arena)
    successor = f"orders-{1 - leader}"
    arena.load.avoided.add(leader)
    stop = Stop.ordered(arena.shop, f"orders-{leader}", "relay.after_ack")
    try:
        await stop.happened()
        await _relays(arena, successor)
        await pause(STOPPED_S - TAKEOVER_S / 2)
    finally:
        stop.end()
        arena.load.avoided.clear()
    twice = await _published_twice(arena)
    return Witness(f"orders-{leader} stopped, {successor} led on; {twice} records came twice")


async def two_relays(arena: Arena, _: random.Random) -> Witness:
    """The leader loses its lock with rows in its hands; when it goes on, both publish them."""
    leader = await leader_of_orders(arena)
    successor = f"orders-{1 - leader}"
    arena.load.avoided.add(leader)
    stop = Stop.ordered(arena.shop, f"orders-{leader}", "relay.before_send")
    db = await asyncpg.connect(arena.system.addresses.databases["orders"])
    try:
        await stop.happened()
        assert await db.fetchval(_END_SESSION, f"orders-{leader}-relay") == 1
        await _relays(arena, successor)
    finally:
        await db.close()
        stop.end()
        arena.load.avoided.clear()
    twice = await _published_twice(arena)
    return Witness(f"orders-{leader} published beside {successor}: {twice} records came twice")


async def rebalance_storm(arena: Arena, luck: random.Random) -> Witness:
    """A stranger joins each group, is given partitions, applies nothing and leaves, again."""
    prefix, given = arena.system.config.topic_prefix, 0
    for _ in range(STORM_TURNS):
        strangers = await asyncio.gather(*(_join(arena, prefix + one) for one in GROUPS))
        try:
            for stranger in strangers:
                given += await _assigned(stranger)
            await pause(luck.uniform(0.2, 1.0))
        finally:
            await asyncio.gather(*(one.stop() for one in strangers))
    return Witness(f"{given} partitions given to strangers in {STORM_TURNS * len(GROUPS)} joins")


async def die_when_revoked(arena: Arena, _: random.Random) -> Witness:
    """A stranger joins, and the member that has to give partitions up dies while it does."""
    death = Death.ordered(arena.shop, "inventory-0", "consumer.on_revoke")
    stranger = await _join(arena, arena.system.config.topic_prefix + "inventory")
    try:
        await death.happened()
    finally:
        await stranger.stop()
    await death.overcome()
    return Witness("inventory-0 ended by SIGKILL when its partitions were revoked", 1)


async def lose_offsets(arena: Arena, luck: random.Random) -> Witness:
    """A group's committed offsets are gone; it starts from the earliest."""
    return await _with_group_down(arena, luck, _delete_group, "deleted")


async def reset_offsets(arena: Arena, luck: random.Random) -> Witness:
    """A group is reset to the earliest offsets, into the living system."""
    return await _with_group_down(arena, luck, _commit_zero, "reset to the earliest")


async def leader_of_orders(arena: Arena) -> int:
    """Which instance of orders leads its relay."""

    async def look() -> list[int]:
        name = "orderproof_outbox_leader"
        return [n for n in (0, 1) if await metric(arena.shop, f"orders-{n}", name)]

    return (await eventually(look, "a leader of orders' relay"))[0]


async def _relays(arena: Arena, instance: str) -> None:
    name = "orderproof_outbox_relayed_total"
    before = await metric(arena.shop, instance, name)

    async def look() -> bool:
        return await metric(arena.shop, instance, name) > before

    await eventually(look, f"{instance} relays", TAKEOVER_S)


async def _published_twice(arena: Arena) -> int:
    """How many records of orders' relay; who submits orders by Kafka repeats some, too."""

    async def look() -> int:
        told = [one for one in arena.watch.told if one.topic == ORDERS]
        return len(told) - len(first_occurrences(told))

    return await eventually(look, "records that came twice", 15)


async def _join(arena: Arena, group: str) -> "AIOKafkaConsumer[bytes, bytes]":
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        f"{arena.system.config.topic_prefix}orders.events.v1",
        bootstrap_servers=arena.system.addresses.kafka,
        group_id=group,
        enable_auto_commit=False,
    )
    # It is in the group once its first join is over, which start waits for.
    await consumer.start()
    return consumer


async def _assigned(stranger: "AIOKafkaConsumer[bytes, bytes]") -> int:
    async def look() -> int:
        return len(stranger.assignment())

    return await eventually(look, "a stranger in the group")


async def _with_group_down(arena: Arena, luck: random.Random, change: Change, done: str) -> Witness:
    """``change`` a group's offsets while no member is there, which the broker insists on."""
    service = luck.choice(GROUPS)
    group = arena.system.config.topic_prefix + service
    admin = AIOKafkaAdminClient(bootstrap_servers=arena.system.addresses.kafka)
    await admin.start()

    async def enough() -> bool:
        return sum((await _committed(admin, group)).values()) >= COMMITTED_MIN

    try:
        await eventually(enough, f"{group} has committed {COMMITTED_MIN} records", 15)
        await arena.system.take_down(f"{service}-0")
        try:
            committed = await _committed(admin, group)
            await eventually(lambda: _is_empty(admin, group), f"{group} empty", GROUP_EMPTY_S)
            await change(arena, group, committed)
            left = await _committed(admin, group)
            assert not left, f"the broker still has {left}"
        finally:
            await arena.system.bring_back(f"{service}-0")
    finally:
        await admin.close()
    read_before = sum(committed.values())

    async def all_again() -> float:
        read = await given(arena, service)
        return read if read >= read_before else 0.0

    # A restart alone repeats what was not committed within a second: that would be no witness.
    read = await eventually(all_again, f"{service} is given all its {read_before} records", 30)
    known = await given(arena, service, outcome="duplicate")
    assert known, "none of them was known"
    return Witness(
        f"{service}: its offsets, {read_before} records in all, were {done}, and the broker has "
        f"none of them; its new process was given {read:.0f} records, {known:.0f} of them known",
        kills=1,
    )


async def _committed(admin: AIOKafkaAdminClient, group: str) -> dict[TopicPartition, int]:
    """The group's offsets beyond the first record, as the broker has them."""
    found = await admin.list_consumer_group_offsets(group)
    return {place: one.offset for place, one in found.items() if one.offset > 0}


async def _is_empty(admin: AIOKafkaAdminClient, group: str) -> bool:
    (answer,) = await admin.describe_consumer_groups([group])
    (found,) = answer.groups
    return bool(found[2] == "Empty")


async def _delete_group(arena: Arena, group: str, _: Mapping[TopicPartition, int]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=arena.system.addresses.kafka)
    await admin.start()
    try:
        node = await admin.find_coordinator(group)
        answer = await admin._send_request_to_node(node, DeleteGroupsRequest([group]))
    finally:
        await admin.close()
    assert [code for _, code in answer.results] == [0], answer


async def _commit_zero(arena: Arena, group: str, committed: Mapping[TopicPartition, int]) -> None:
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        bootstrap_servers=arena.system.addresses.kafka, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign(list(committed))
        await consumer.commit(dict.fromkeys(committed, 0))
    finally:
        await consumer.stop()


FAULTS = [
    Fault("F1.K18", "SIGKILL when partitions are revoked", die_when_revoked),
    Fault("F3.consumer", "SIGSTOP of a consumer in its transaction", stop_a_consumer, "two"),
    Fault("F3.relay", "SIGSTOP of the relay that leads", stop_the_leader, "two"),
    Fault("F4", "strangers join and leave every group", rebalance_storm),
    Fault("F11", "committed offsets deleted", lose_offsets),
    Fault("F37", "a group reset to the earliest offsets", reset_offsets),
    Fault("F40", "two relays publish the same rows", two_relays, "two"),
]
