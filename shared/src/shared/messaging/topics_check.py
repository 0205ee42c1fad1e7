"""At the start: are the topics there, and do they keep what they are given?"""

import asyncio
from collections.abc import Collection

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from shared.errors import Permanent
from shared.messaging.kafka import KafkaConnection

RETRY_S = 0.5
IN_SYNC_MIN = 2

log = structlog.get_logger(__name__)


class UnsafeTopic(Permanent):
    """A topic that may lose what was acknowledged."""


async def wait_for_topics(
    kafka: KafkaConnection, topics: Collection[str], *, production: bool
) -> None:
    """Return once every topic is there. Raises ``UnsafeTopic`` in production (A40)."""
    said: str | None = None
    while True:
        try:
            missing = await _missing(kafka, topics, production=production)
        except (KafkaError, OSError) as error:
            missing = {f"Kafka does not answer: {type(error).__name__}"}
        if not missing:
            return
        if said != (said := ", ".join(sorted(missing))):
            log.warning("waiting-for-topics", missing=said, mend="orderproof topics apply")
        await asyncio.sleep(RETRY_S)


async def _missing(
    kafka: KafkaConnection, topics: Collection[str], *, production: bool
) -> set[str]:
    admin = AIOKafkaAdminClient(**kafka.client_options())
    try:
        await admin.start()
        missing = set(topics) - set(await admin.list_topics())
        if production and not missing:
            await _refuse_unsafe(admin, topics)
        return missing
    finally:
        await admin.close()


async def _refuse_unsafe(admin: AIOKafkaAdminClient, topics: Collection[str]) -> None:
    asked = {"min.insync.replicas": None}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, asked) for name in topics]
    for response in await admin.describe_configs(resources):
        for _, _, _, name, entries in response.resources:
            in_sync = int(entries[0][1])
            if in_sync < IN_SYNC_MIN:
                raise UnsafeTopic(f"{name}: min.insync.replicas is {in_sync}, not {IN_SYNC_MIN}")
