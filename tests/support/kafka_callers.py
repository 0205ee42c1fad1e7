"""Calls to Kafka under a name, each by the client that partners use, and how they are refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import confluent_kafka.admin
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from local_runtime.partner_consumers import KafkaAccess
from shared.contracts import topics

TIMEOUT_S = 10.0
POLL_S = 0.2
# Its stubs hide most of what it holds.
api: Any = confluent_kafka.admin


@dataclass(frozen=True)
class Caller:
    """Whoever calls Kafka, by the settings of its clients."""

    settings: Mapping[str, str]

    @classmethod
    def operator(cls, bootstrap: str) -> "Caller":
        """Over the loopback listener, where nobody is asked for a name."""
        return cls({"bootstrap.servers": bootstrap})

    @classmethod
    def partner(cls, access: KafkaAccess) -> "Caller":
        return cls(
            {
                "bootstrap.servers": access.bootstrap,
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": access.username,
                "sasl.password": access.password,
                "ssl.ca.location": access.ca_file,
            }
        )

    def with_(self, **settings: Any) -> dict[str, Any]:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        return {**self.settings, "log_level": 0, **named}

    @property
    def admin(self) -> Any:
        return api.AdminClient(self.with_())


def code_of(call: Callable[[], object]) -> int:
    """The code that Kafka refused the call with, ``NO_ERROR`` when it did not."""
    try:
        call()
    except KafkaException as refused:
        code: int = refused.args[0].code()
        return code
    return int(KafkaError.NO_ERROR)


def answer(caller: Caller, method: str, *about: Any, **options: Any) -> Any:
    """The one answer to a call of the caller's admin client, which must live so long."""
    admin = caller.admin
    asked = getattr(admin, method)(*about, request_timeout=TIMEOUT_S, **options)
    futures = list(asked.values()) if isinstance(asked, dict) else [asked]
    (one,) = futures
    return one.result()


def follow(caller: Caller, topic: str) -> None:
    """As a group of acme's own."""
    join(caller, f"partner.acme.of-{topic}", topic)


def join(caller: Caller, group: str, topic: str = topics.FULFILMENT) -> None:
    """Become a member of the group that follows the topic, and leave it again."""
    assigned: list[TopicPartition] = []
    consumer = Consumer(caller.with_(group_id=group, auto_offset_reset="earliest"))
    try:
        consumer.subscribe([topic], on_assign=lambda _, partitions: assigned.extend(partitions))
        give_up_at = monotonic() + TIMEOUT_S
        while not assigned:
            assert monotonic() < give_up_at, "neither let in nor refused"
            message = consumer.poll(POLL_S)
            error = None if message is None else message.error()
            if error is not None:
                raise KafkaException(error)
    finally:
        consumer.close()


def write(caller: Caller, topic: str) -> None:
    """Send one record and wait for its acknowledgement."""
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        refused.extend([error] if error is not None else [])

    producer = Producer(caller.with_(message_timeout_ms=int(TIMEOUT_S * 1000)))
    producer.produce(topic, b"{}", b"key", on_delivery=delivered)
    assert producer.flush(TIMEOUT_S) == 0
    if refused:
        raise KafkaException(refused[0])


def begin_transactions(caller: Caller, transactional_id: str) -> None:
    """Claim a transactional id, as every producer of transactions does first."""
    Producer(caller.with_(transactional_id=transactional_id)).init_transactions(TIMEOUT_S)


def describe_topic(caller: Caller, topic: str) -> None:
    from confluent_kafka import TopicCollection

    answer(caller, "describe_topics", TopicCollection([topic]))


def describe_settings(caller: Caller, topic: str) -> None:
    answer(caller, "describe_configs", [api.ConfigResource(api.ResourceType.TOPIC, topic)])


def describe_broker(caller: Caller, number: str) -> None:
    answer(caller, "describe_configs", [api.ConfigResource(api.ResourceType.BROKER, number)])


def alter_settings(caller: Caller, topic: str) -> None:
    """Only as a trial: whoever may, changes nothing."""
    entry = api.ConfigEntry("retention.ms", "1", incremental_operation=api.AlterConfigOpType.SET)
    change = api.ConfigResource(api.ResourceType.TOPIC, topic, incremental_configs=[entry])
    answer(caller, "incremental_alter_configs", [change], validate_only=True)


def create_topic(caller: Caller, topic: str) -> None:
    """Only as a trial."""
    answer(caller, "create_topics", [api.NewTopic(topic, 1, 1)], validate_only=True)


def describe_group(caller: Caller, group: str) -> None:
    answer(caller, "describe_consumer_groups", [group])


def read_positions(caller: Caller, group: str) -> None:
    answer(caller, "list_consumer_group_offsets", [ConsumerGroupTopicPartitions(group)])


def move_positions(caller: Caller, group: str) -> None:
    places = [TopicPartition(topics.FULFILMENT, 0, 0)]
    change = ConsumerGroupTopicPartitions(group, places)
    moved = answer(caller, "alter_consumer_group_offsets", [change])
    for one in moved.topic_partitions:
        if one.error is not None:
            raise KafkaException(one.error)


def give_right(caller: Caller, user: str) -> None:
    """To write to the partners' topic."""
    right = api.AclBinding(
        api.ResourceType.TOPIC,
        topics.FULFILMENT,
        api.ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        api.AclOperation.WRITE,
        api.AclPermissionType.ALLOW,
    )
    answer(caller, "create_acls", [right])


def set_password(caller: Caller, user: str) -> None:
    """Looking logins up is not tried: librdkafka 2.16 aborts the process on a refusal."""
    kept_as = api.ScramCredentialInfo(api.ScramMechanism.SCRAM_SHA_512, 8192)
    change = api.UserScramCredentialUpsertion(user, kept_as, b"its own choice")
    answer(caller, "alter_user_scram_credentials", [change])


def groups_listed(caller: Caller) -> set[str]:
    found = answer(caller, "list_consumer_groups")
    assert found.errors == []
    return {one.group_id for one in found.valid}


def topics_listed(caller: Caller) -> set[str]:
    admin = caller.admin
    return set(admin.list_topics(timeout=TIMEOUT_S).topics)


def users_with_rights(caller: Caller) -> set[str]:
    """The library shows a refusal as an empty list."""
    wanted = api.AclBindingFilter(
        api.ResourceType.ANY,
        None,
        api.ResourcePatternType.ANY,
        None,
        None,
        api.AclOperation.ANY,
        api.AclPermissionType.ANY,
    )
    return {one.principal for one in answer(caller, "describe_acls", wanted)}
