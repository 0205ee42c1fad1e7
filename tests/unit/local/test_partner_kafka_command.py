"""``orderproof partners add --kafka`` and ``partners kafka``: a user in Kafka, told once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_runtime import partner_kafka
from local_runtime.partner_kafka import PartnerKafkaError
from local_runtime.paths import RunDir

from tests.support.fake_services import running
from tests.unit.local.fake_partners import KEY, Desk, FakePartners, a_desk, a_partner, serving

PASSWORD = "not-one-that-anybody-has"
ADD, SHOW = "POST /ops/partners", "GET /ops/partners/acme"
ENDPOINTS = "GET /ops/partners/acme/webhook-endpoints"
DOOR = {"bootstrap": "127.0.0.1:9093", "ca_file": "ca.pem"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A stack whose Kafka lets partners in; nobody is asked for a password but this."""
    monkeypatch.setattr(partner_kafka, "add_partner", lambda *_: PASSWORD)
    fake = FakePartners()
    fake.on(ADD, a_partner() | {"key": KEY}, status=201)
    fake.on(SHOW, a_partner())
    fake.on(ENDPOINTS, {"endpoints": [], "next_cursor": None})
    with serving(fake):
        here: dict[str, Any] = {"notifications": fake.url, "kafka": "127.0.0.1:9092"}
        with running(RunDir.at(tmp_path), {**here, "partner_kafka": DOOR}):
            yield Desk(tmp_path, fake)


def test_a_partner_gets_its_key_and_its_user_each_printed_once(desk: Desk) -> None:
    result = desk.run("add", "acme", "--kafka")

    assert result.exit_code == 0, result.output
    assert (result.stdout.count(KEY), result.stdout.count(PASSWORD)) == (1, 1)
    assert "docs/partners/follow_fulfilment.py --bootstrap 127.0.0.1:9093" in result.stdout


def test_the_document_has_the_user_and_a_consumer_for_each_language(desk: Desk) -> None:
    told = desk.ran("add", "acme", "--kafka")["kafka"]

    assert (told["username"], told["group_prefix"]) == ("partner.acme", "partner.acme.")
    assert set(told["consumers"]) == {"Python", "Java", "kcat"}
    assert not any(PASSWORD in command for command in told["consumers"].values())


def test_one_sellers_partner_is_refused_before_anything_is_added(desk: Desk) -> None:
    result = desk.run("add", "acme", "--seller", "sel_1", "--kafka")

    assert result.exit_code == 2
    assert "Use webhooks or pull" in result.stderr
    assert desk.service.asked == []


def test_a_partner_that_is_known_gets_a_new_password(desk: Desk) -> None:
    assert desk.ran("kafka", "acme")["password"] == PASSWORD


def test_what_kafka_refuses_is_said_behind_the_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> str:
        raise PartnerKafkaError("the broker does not answer")

    monkeypatch.setattr(partner_kafka, "add_partner", refuse)
    result = desk.run("add", "acme", "--kafka")

    assert result.exit_code == 1
    assert KEY in result.stdout
    assert "the broker does not answer" in result.stderr


def test_a_user_is_taken_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partner_kafka, "remove_partner", lambda *_: True)

    assert desk.ran("kafka", "acme", "--remove") == {"name": "acme", "removed": True}


@pytest.mark.parametrize("command", [("add", "acme", "--kafka"), ("kafka", "acme")])
def test_a_stack_without_the_door_is_told_how_to_open_it(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    with a_desk(tmp_path) as desk:
        result = desk.run(*command)

    assert result.exit_code == 1
    assert "orderproof up --detach --partner-kafka" in result.stderr
    assert desk.service.asked == []
