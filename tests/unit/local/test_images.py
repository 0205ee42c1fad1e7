"""What the Dockerfile and the compose file promise, read without an engine."""

import re
from pathlib import Path

import pytest
from local_runtime.config import SERVICES, WITH_CONSOLE
from local_runtime.runtimes.containers import Images

DEPLOY = Path(__file__).parents[3] / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
COMPOSE = (DEPLOY / "compose.yaml").read_text("utf-8")


def test_base_images_come_from_arguments_and_are_named_without_a_digest() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    own = re.findall(r" AS (\S+)$", DOCKERFILE, re.MULTILINE)

    assert set(stages) - set(own) == {"${BASE_IMAGE}"}
    assert "@sha256" not in DOCKERFILE + COMPOSE
    assert "# syntax" not in DOCKERFILE


def test_nothing_is_installed_without_its_hash() -> None:
    installs = re.findall(r"(pip (?:install|sync) [^&\n]*)", DOCKERFILE)

    assert len(installs) == 3
    for one in installs:
        assert "--require-hashes" in one or "--no-deps" in one
        assert " -e " not in one


def test_the_last_stage_is_a_service_that_is_not_root() -> None:
    assert DOCKERFILE.rstrip().splitlines()[-2] == "FROM runtime AS service"
    assert re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert "STOPSIGNAL SIGTERM" in DOCKERFILE


def test_the_images_are_those_of_the_containers_runtime() -> None:
    assert f"ORDERPROOF_KAFKA_IMAGE:-{Images().kafka}}}" in COMPOSE
    assert f"ORDERPROOF_POSTGRES_IMAGE:-{Images().postgres}}}" in COMPOSE


def test_every_port_is_published_on_loopback_only() -> None:
    published = re.findall(r"ports: \[(.*)\]", COMPOSE)

    assert len(published) == len(WITH_CONSOLE) + len(SERVICES) + 3
    assert all(one.startswith('"127.0.0.1:') for one in published)


@pytest.mark.parametrize("service", WITH_CONSOLE)
def test_every_service_is_there_with_its_hashed_requirements(service: str) -> None:
    assert re.search(rf"^  {service}:", COMPOSE, re.MULTILINE)
    assert (DEPLOY / "requirements" / f"{service}.txt").is_file()
    assert service in re.search(r"create-databases.sh, (.*)\]", COMPOSE)[1]  # type: ignore[index]


def test_the_commands_of_the_first_page_are_those_that_are_tested() -> None:
    """`tests/integration/test_containers.py` runs every block of the second."""
    first = (DEPLOY.parent / "README.md").read_text("utf-8")
    told = [line for line in first.splitlines() if line.startswith("docker ")]
    tested = (DEPLOY / "README.md").read_text("utf-8").splitlines()

    assert told
    assert set(told) <= set(tested)
