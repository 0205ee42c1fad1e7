"""Three real brokers: every partition on all of them, and one may go and come back."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError
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


async def in_sync(bootstrap: str) -> Mapping[int, quorum.Partition]:
    """The topic's partitions once all three brokers have all of it, else none."""
    try:
        found = await quorum.partitions_of(bootstrap, TOPIC)
    except UnknownTopicOrPartitionError:
        return {}
    return found if all(len(one.in_sync) == 3 for one in found.values()) else {}


async def test_one_of_three_brokers_may_go_and_comes_back_in_sync(
    servers: EmbeddedRuntime,
) -> None:
    kafka = (await servers.start()).kafka
    # An empty answer would make whatever is asked of every partition hold.
    with pytest.raises(UnknownTopicOrPartitionError):
        await quorum.partitions_of(kafka, TOPIC)
    await apply_topics(kafka, read_topics(topics_file(), "local-cluster"))
    partitions = await eventually(lambda: in_sync(kafka), "three replicas of each partition")
    assert {one.leader for one in partitions.values()} == {1, 2, 3}
    controller = await quorum.controller_of(kafka)
    assert controller in {1, 2, 3}
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        lost = servers.brokers[controller - 1]
        await lost.kill()
        for number in partitions:
            await producer.send_and_wait(TOPIC, b"while it is away", partition=number)
        assert await quorum.controller_of(kafka) != controller
        await lost.start()
    finally:
        await producer.stop()
    back = await eventually(lambda: in_sync(kafka), "three replicas in sync again")
    assert back.keys() == partitions.keys()
