"""What partners are told and Kafka never has: its samples are read for as long as the others."""

import json
from pathlib import Path

import pytest
from notifications.partners.domain.types import TYPES
from shared.contracts.catalogue import EVENTS

FOLDER = Path(__file__).with_name("partner_samples")
ONLY_PARTNERS = sorted(set(TYPES) - set(EVENTS))
# None ever leaves this list.
RELEASED = ["fulfilment.shipping-address-disclosed.v1"]


def test_a_promised_type_keeps_its_class_and_its_sample() -> None:
    assert ONLY_PARTNERS == RELEASED
    assert sorted(one.stem for one in FOLDER.glob("*.json")) == RELEASED


@pytest.mark.parametrize("event_type", RELEASED)
def test_a_sample_survives_the_way_through_its_class(event_type: str) -> None:
    stored = (FOLDER / f"{event_type}.json").read_bytes()
    told = TYPES[event_type].model_validate_json(stored)

    assert json.loads(told.model_dump_json()) == json.loads(stored)


@pytest.mark.parametrize("event_type", RELEASED)
def test_personal_data_has_one_place(event_type: str) -> None:
    data = json.loads((FOLDER / f"{event_type}.json").read_bytes())
    elsewhere = json.dumps({name: value for name, value in data.items() if name != "personal"})

    assert "Mill Lane" in json.dumps(data["personal"])
    assert "Customer" not in elsewhere
    assert "Mill Lane" not in elsewhere


def test_kafka_has_none_of_them() -> None:
    assert set(EVENTS).isdisjoint(RELEASED)
