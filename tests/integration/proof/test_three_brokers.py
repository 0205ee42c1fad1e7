"""Three real brokers: every partition on all of them, and one may go and come back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from local_runtime.paths import RunDir, topics_file
from local_runtime.ports import PortBook
from local_runtime.runtimes.embedded import EmbeddedRuntime
from local_runtime.topics import apply_topics, read_topics

from tests.proof import quorum
from tests.support.waiting import eventually

TOPIC = "orders.events.v1"


@pytest.fixture
async def servers(tmp_path: Path) -> AsyncIterator[EmbeddedRuntime]:
    run_dir = RunDir.at(tmp_path)
    servers = EmbeddedRuntime(run_dir, PortBook(fixed=False), brokers=3)
    yield servers
    await servers.stop()
    run_dir.remove()


async def test_one_of_three_brokers_may_go_and_comes_back_in_sync(
    servers: EmbeddedRuntime,
) -> None:
    backing = await servers.start()
    await apply_topics(backing.kafka, read_topics(topics_file(), "local-cluster"))
    controller = await quorum.controller_of(backing.kafka)
    partitions = await quorum.partitions_of(backing.kafka, TOPIC)
    producer = AIOKafkaProducer(
        bootstrap_servers=backing.kafka, acks="all", enable_idempotence=True
    )
    await producer.start()
    try:
        lost = servers.brokers[controller - 1]
        await lost.kill()
        for number in partitions:
            await producer.send_and_wait(TOPIC, b"while it is away", partition=number)
        assert await quorum.controller_of(backing.kafka) != controller
        await lost.start()
    finally:
        await producer.stop()

    async def all_back() -> bool:
        found = await quorum.partitions_of(backing.kafka, TOPIC)
        return all(len(one.in_sync) == 3 for one in found.values())

    await eventually(all_back, "three replicas in sync")
    assert controller in {1, 2, 3}
    assert {one.leader for one in partitions.values()} == {1, 2, 3}
