"""A topic that may lose what was acknowledged keeps a production service from starting."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from local_runtime.runtimes.base import Backing
from shared.messaging.kafka import KafkaConnection
from shared.messaging.topics_check import UnsafeTopic, wait_for_topics

NUMBERS = count(1)


@pytest.fixture
async def admin(backing: Backing) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=backing.kafka)
    await client.start()
    yield client
    await client.close()


async def a_topic(admin: AIOKafkaAdminClient, in_sync_min: int) -> str:
    name = f"topics-check-{next(NUMBERS)}"
    configs = {"min.insync.replicas": str(in_sync_min)}
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs=configs)])
    return name


async def test_one_replica_in_sync_is_not_enough_in_production(
    backing: Backing, admin: AIOKafkaAdminClient
) -> None:
    safe, unsafe = await a_topic(admin, 2), await a_topic(admin, 1)

    with pytest.raises(UnsafeTopic, match=f"{unsafe}: min.insync.replicas is 1, not 2"):
        await wait_for_topics(KafkaConnection(backing.kafka), [safe, unsafe], production=True)


async def test_a_safe_topic_is_enough_and_elsewhere_any(
    backing: Backing, admin: AIOKafkaAdminClient
) -> None:
    safe, unsafe = await a_topic(admin, 2), await a_topic(admin, 1)

    await wait_for_topics(KafkaConnection(backing.kafka), [safe], production=True)
    await wait_for_topics(KafkaConnection(backing.kafka), [safe, unsafe], production=False)
