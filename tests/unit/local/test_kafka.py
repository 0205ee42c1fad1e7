"""How the embedded broker is started."""

from pathlib import Path

import pytest
from local_runtime.runtimes.kafka import KafkaNode, settings, startup_cache


def test_the_broker_is_quick_and_creates_nothing_by_accident(tmp_path: Path) -> None:
    given = settings(9092, 9093, tmp_path)

    assert given["auto.create.topics.enable"] == "false"
    assert given["group.initial.rebalance.delay.ms"] == "0"
    assert int(given["group.min.session.timeout.ms"]) <= 6_000
    assert given["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"


def test_a_learnt_start_is_used_only_when_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = KafkaNode(tmp_path, tmp_path / "kafka.log", port=1, controller_port=2)
    monkeypatch.setattr(node, "_class_path", [tmp_path / "kafka.jar"])
    before = " ".join(node.java("kafka.Kafka").argv)

    startup_cache(tmp_path).touch()
    after = " ".join(node.java("kafka.Kafka").argv)

    assert "AOTCache" not in before
    assert f"-XX:AOTCache={startup_cache(tmp_path)}" in after
    assert "-Xmx512m" in after
