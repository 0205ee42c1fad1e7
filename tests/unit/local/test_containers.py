"""How the containers are configured; nothing is started here."""

import pytest
from local_runtime.runtimes.containers import (
    Images,
    KafkaContainer,
    kafka_environment,
    leave_removal_to_us,
    postgres_container,
)
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("testcontainers.core.container.DockerClient", lambda **_: object())


def _published(container: DockerContainer) -> dict[str, object]:
    return dict(container.ports)


def test_images_come_from_settings() -> None:
    given = {"ORDERPROOF_KAFKA_IMAGE": "mirror/kafka:1", "ORDERPROOF_POSTGRES_IMAGE": ""}

    assert Images.from_environment(given) == Images("mirror/kafka:1", "postgres:18")
    assert Images().kafka == "apache/kafka:4.4.0"


def test_kafka_advertises_the_port_that_is_published() -> None:
    container = KafkaContainer("apache/kafka:4.4.0", 29_500)

    assert container.env["KAFKA_ADVERTISED_LISTENERS"] == "PLAINTEXT://127.0.0.1:29500"
    assert _published(container) == {"9092/tcp": ("127.0.0.1", 29_500)}


def test_kafka_is_one_node_that_creates_nothing_by_accident() -> None:
    environment = kafka_environment(1)

    assert environment["KAFKA_PROCESS_ROLES"] == "broker,controller"
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert environment["KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR"] == "1"
    assert environment["KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS"] == "0"


def test_postgres_is_published_on_the_loopback_only_and_syncs() -> None:
    container = postgres_container("postgres:18", 25_500, "secret")

    assert _published(container) == {"5432/tcp": ("127.0.0.1", 25_500)}
    assert (container.username, container.password) == ("postgres", "secret")
    assert "fsync=off" not in str(container._command)


def test_the_library_is_used_by_its_own_paths() -> None:
    container = postgres_container("postgres:18", 25_500, "secret")

    assert type(container).__module__ == "testcontainers.community.postgres"


@pytest.mark.parametrize(
    ("environment", "disabled"), [({}, True), ({"TESTCONTAINERS_RYUK_DISABLED": "false"}, False)]
)
def test_the_reaper_stays_away_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], disabled: bool
) -> None:
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", False)

    leave_removal_to_us(environment)

    assert testcontainers_config.ryuk_disabled is disabled
