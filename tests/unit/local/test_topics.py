"""The topics file, and how a live topic is compared with it."""

import pytest
from local_runtime.paths import topics_file
from local_runtime.topics import Difference, Topic, compare, read_topics
from shared.contracts.topics import RETENTION_DAYS

_EVENTS = {
    "storefront.orders.v1",
    "orders.events.v1",
    "payments.events.v1",
    "inventory.events.v1",
    "fulfilment.events.v1",
}
_DEAD_LETTERS = {
    f"{service}.dead-letters.v1" for service in ("orders", "payments", "inventory", "notifications")
}
_DAY_MS = 86_400_000


def test_names_every_topic_once() -> None:
    names = [topic.name for topic in read_topics(topics_file(), "local")]

    assert sorted(names) == sorted(_EVENTS | _DEAD_LETTERS)


@pytest.mark.parametrize(
    ("profile", "events", "dead_letters", "replicas", "in_sync"),
    [("production", 48, 6, 3, "2"), ("local", 6, 1, 1, "1")],
)
def test_sizes_follow_the_profile(
    profile: str, events: int, dead_letters: int, replicas: int, in_sync: str
) -> None:
    for topic in read_topics(topics_file(), profile):
        assert topic.partitions == (dead_letters if topic.name in _DEAD_LETTERS else events)
        assert topic.replication_factor == replicas
        assert topic.settings["min.insync.replicas"] == in_sync
        assert topic.settings["max.message.bytes"] == "1048576"


def test_partners_may_be_away_for_ninety_days() -> None:
    retention = {
        topic.name: int(topic.settings["retention.ms"]) // _DAY_MS
        for topic in read_topics(topics_file(), "production")
    }

    assert {name: retention[name] for name in RETENTION_DAYS} == RETENTION_DAYS
    assert retention.pop("fulfilment.events.v1") == 90
    assert {retention[name] for name in _DEAD_LETTERS} == {30}
    assert {retention[name] for name in _EVENTS & retention.keys()} == {14}


def test_a_prefix_gives_topics_of_ones_own() -> None:
    names = {topic.name for topic in read_topics(topics_file(), "local", "t1.")}

    assert names == {f"t1.{name}" for name in _EVENTS | _DEAD_LETTERS}


def test_an_equal_topic_has_no_difference() -> None:
    wanted = Topic("t", 6, 1, {"retention.ms": "1"})
    found = Topic("t", 6, 1, {"retention.ms": "1", "segment.bytes": "7"})

    assert compare(wanted, found) == []


def test_names_each_setting_that_differs() -> None:
    wanted = Topic("t", 6, 3, {"retention.ms": "1", "cleanup.policy": "delete"})
    found = Topic("t", 4, 1, {"retention.ms": "2"})

    assert compare(wanted, found) == [
        Difference("t", "partitions", "6", "4"),
        Difference("t", "replication factor", "3", "1"),
        Difference("t", "retention.ms", "1", "2"),
        Difference("t", "cleanup.policy", "delete", "unset"),
    ]


def test_three_brokers_keep_every_record_on_two_before_its_ack() -> None:
    found = read_topics(topics_file(), "local-cluster")

    assert {topic.replication_factor for topic in found} == {3}
    assert {topic.settings["min.insync.replicas"] for topic in found} == {"2"}
