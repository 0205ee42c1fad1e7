"""How the embedded broker is started."""

from pathlib import Path

import pytest
from local_runtime.runtimes.kafka import KafkaNode, Seat, settings, startup_cache


def test_the_broker_is_quick_and_creates_nothing_by_accident(tmp_path: Path) -> None:
    given = settings(9092, tmp_path, Seat(1, {1: 9093}))

    assert given["auto.create.topics.enable"] == "false"
    assert given["group.initial.rebalance.delay.ms"] == "0"
    assert int(given["group.min.session.timeout.ms"]) <= 6_000
    assert given["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"


def test_few_threads_look_for_work_when_there_is_none(tmp_path: Path) -> None:
    given = settings(9092, tmp_path, Seat(1, {1: 9093}))

    pools = ("num.network.threads", "num.io.threads", "group.coordinator.threads")
    assert sum(int(given[one]) for one in pools) <= 5


def test_a_learnt_start_is_used_only_when_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = KafkaNode(tmp_path, tmp_path / "kafka.log", port=1, seat=Seat(1, {1: 2}))
    monkeypatch.setattr(node, "_class_path", [tmp_path / "kafka.jar"])
    before = " ".join(node.java("kafka.Kafka").argv)

    startup_cache(tmp_path).touch()
    after = " ".join(node.java("kafka.Kafka").argv)

    assert "AOTCache" not in before
    assert f"-XX:AOTCache={startup_cache(tmp_path)}" in after
    assert "-Xmx512m" in after


def test_one_broker_is_a_cluster_of_one_and_three_keep_each_record_twice(tmp_path: Path) -> None:
    alone = settings(9092, tmp_path, Seat(1, {1: 9093}))
    second = settings(9094, tmp_path, Seat(2, {1: 9093, 2: 9095, 3: 9097}))

    assert alone["controller.quorum.voters"] == "1@127.0.0.1:9093"
    assert (alone["offsets.topic.replication.factor"], alone["min.insync.replicas"]) == ("1", "1")
    assert second["node.id"] == "2"
    assert second["listeners"] == "PLAINTEXT://127.0.0.1:9094,CONTROLLER://127.0.0.1:9095"
    assert second["controller.quorum.voters"].count("@") == 3
    assert (second["offsets.topic.replication.factor"], second["min.insync.replicas"]) == ("3", "2")
