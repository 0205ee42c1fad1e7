"""The topics of ``topics.toml``: created where missing, compared where they exist."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class Topic:
    """One topic as it should be, or as it is."""

    name: str
    partitions: int
    replication_factor: int
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """A setting of a live topic that is not what the file says."""

    topic: str
    setting: str
    wanted: str
    found: str

    def __str__(self) -> str:
        return f"{self.topic}: {self.setting} is {self.found}, the file says {self.wanted}"


@dataclass(frozen=True)
class Applied:
    """What applying the file did and found."""

    created: tuple[str, ...]
    unchanged: tuple[str, ...]
    differences: tuple[Difference, ...]


def read_topics(file: Path, profile: str, prefix: str = "") -> list[Topic]:
    """Every topic of the file with the profile's partitions and durability."""
    content = tomllib.loads(file.read_text())
    size, defaults = content[profile], content["defaults"]
    return [_topic(entry, size, defaults, prefix) for entry in content["topic"]]


def _topic(
    entry: dict[str, Any], size: dict[str, int], defaults: dict[str, int], prefix: str
) -> Topic:
    partitions = "dead_letter_partitions" if entry.get("dead_letters") else "partitions"
    return Topic(
        name=prefix + entry["name"],
        partitions=size[partitions],
        replication_factor=size["replication_factor"],
        settings={
            "cleanup.policy": "delete",
            "max.message.bytes": str(defaults["max_message_bytes"]),
            "min.insync.replicas": str(size["min_insync_replicas"]),
            "retention.ms": str(entry["retention_days"] * _MS_PER_DAY),
        },
    )


def compare(wanted: Topic, found: Topic) -> list[Difference]:
    """Every setting in which a live topic departs from the file."""
    pairs = [
        ("partitions", str(wanted.partitions), str(found.partitions)),
        ("replication factor", str(wanted.replication_factor), str(found.replication_factor)),
        *((key, value, found.settings.get(key, "unset")) for key, value in wanted.settings.items()),
    ]
    return [Difference(wanted.name, *pair) for pair in pairs if pair[1] != pair[2]]


async def apply_topics(bootstrap: str, wanted: Iterable[Topic]) -> Applied:
    """Create the missing topics; report, and never change, what differs in the others."""
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, client_id="orderproof-topics")
    await admin.start()
    try:
        return await _apply(admin, {topic.name: topic for topic in wanted})
    finally:
        await admin.close()


async def _apply(admin: Any, wanted: dict[str, Topic]) -> Applied:
    existing = wanted.keys() & set(await admin.list_topics())
    missing = [topic for name, topic in wanted.items() if name not in existing]
    await _create(admin, missing)
    live = await _describe(admin, sorted(existing))
    differences = [found for topic in live for found in compare(wanted[topic.name], topic)]
    departed = {difference.topic for difference in differences}
    return Applied(
        created=tuple(topic.name for topic in missing),
        unchanged=tuple(sorted(existing - departed)),
        differences=tuple(differences),
    )


async def _create(admin: Any, topics: list[Topic]) -> None:
    from aiokafka.admin import NewTopic
    from aiokafka.errors import TopicAlreadyExistsError, for_code

    if not topics:
        return
    asked = [
        NewTopic(topic.name, topic.partitions, topic.replication_factor, None, topic.settings)
        for topic in topics
    ]
    response = await admin.create_topics(asked)
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        # Somebody may have created it between our look and our request.
        if code and error is not TopicAlreadyExistsError:
            raise error(f"{name}: {message}")


async def _describe(admin: Any, names: list[str]) -> list[Topic]:
    if not names:
        return []
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    settings = _settings_by_topic(await admin.describe_configs(resources))
    return [
        Topic(
            name=found["topic"],
            partitions=len(found["partitions"]),
            replication_factor=min(len(part["replicas"]) for part in found["partitions"]),
            settings=settings[found["topic"]],
        )
        for found in await admin.describe_topics(names)
    ]


def _settings_by_topic(responses: list[Any]) -> dict[str, dict[str, str]]:
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for response in responses
        for _code, _message, _kind, name, entries in response.resources
    }
