"""What a partner is given in Kafka, and what it is told; the lines for operators say the same."""

import re
import stat
from pathlib import Path

import pytest
from local_runtime.partner_consumers import (
    KafkaAccess,
    as_text,
    consumers,
    java_properties,
    write_password,
)
from local_runtime.partner_kafka import (
    NoKafkaForSellersError,
    PartnerKafkaError,
    group_prefix_of,
    kafka_access,
    rights_of,
    user_of,
)

OPERATIONS = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8")
SECRET = "-only_once"
ACCESS = KafkaAccess(
    bootstrap="kafka.example:9093",
    ca_file="ca of ours.pem",
    username="partner.acme",
    password=SECRET,
    group_prefix="partner.acme.",
    topic="fulfilment.events.v1",
)
ACL = re.compile(
    r"kafka-acls\.sh .*? --add\b.*?--allow-principal (\S+)((?: --operation \w+)+)"
    r" --(topic|group) (\S+) --resource-pattern-type (\w+)"
)


def test_a_user_and_its_groups_have_the_partners_name() -> None:
    assert (user_of("acme-eu"), group_prefix_of("acme-eu")) == (
        "partner.acme-eu",
        "partner.acme-eu.",
    )


@pytest.mark.parametrize("name", ["", "acme.eu", "Acme", "-acme", "acme-", "a" * 41, "*", "acme\n"])
def test_what_could_reach_into_anothers_groups_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="no partner's name"):
        user_of(name)


def test_the_lines_for_operators_give_what_the_command_gives() -> None:
    lines = re.sub(r"\s*\\\n\s*", " ", OPERATIONS)
    told = {
        (kind.upper(), name, pattern.upper(), principal, operation.upper())
        for principal, operations, kind, name, pattern in ACL.findall(lines)
        for operation in re.findall(r"--operation (\w+)", operations)
    }

    assert told == {
        (
            one.restype.name,
            one.name,
            one.resource_pattern_type.name,
            one.principal,
            one.operation.name,
        )
        for one in rights_of("acme")
    }


def test_a_stack_with_a_prefix_gives_its_own_topic() -> None:
    assert {one.name for one in rights_of("acme", "one.")} == {
        "one.fulfilment.events.v1",
        "partner.acme.",
    }


def test_a_seller_is_refused_before_anything_is_asked_of_kafka() -> None:
    with pytest.raises(NoKafkaForSellersError, match=r"all sellers.*webhooks or pull"):
        kafka_access({}, "stall", seller_id="seller-1")


def test_a_stack_without_the_listener_says_how_to_get_it() -> None:
    with pytest.raises(PartnerKafkaError, match="orderproof up --partner-kafka"):
        kafka_access({"kafka": "127.0.0.1:9092"}, "acme")


def test_no_command_and_no_settings_show_the_password() -> None:
    told = [*consumers(ACCESS).values(), java_properties(ACCESS), repr(ACCESS)]

    assert list(consumers(ACCESS)) == ["Python", "Java", "kcat"]
    assert [one for one in told if SECRET in one] == []
    assert all("'ca of ours.pem'" in one for one in consumers(ACCESS).values())
    assert as_text(ACCESS).count(SECRET) == 1


def test_a_topic_by_another_name_is_followed_by_the_sample_that_can() -> None:
    moved = KafkaAccess(**{**vars(ACCESS), "topic": "one.fulfilment.events.v1"})

    (python,) = consumers(moved).values()

    assert python.endswith("--topic one.fulfilment.events.v1")


def test_a_file_with_the_password_is_for_its_owner_and_replaces_nothing(tmp_path: Path) -> None:
    file = tmp_path / "acme.env"
    write_password(ACCESS, file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"export KAFKA_PASSWORD={SECRET}\n"
    with pytest.raises(FileExistsError):
        write_password(ACCESS, file)
