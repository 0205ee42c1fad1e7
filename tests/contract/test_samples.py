"""Every event ever promised can still be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from shared.contracts.catalogue import EVENTS
from shared.contracts.event import Event
from shared.contracts.orders import OrderPlaced
from shared.contracts.storefront import OrderSubmitted, Submission

from tests.contract.stored import FOLDER, RELEASED, files, sample, type_of

TYPED = [one for one in files() if type_of(one) != OrderSubmitted.type]


def read(file: Path) -> Event:
    return EVENTS[type_of(file)].from_json(file.read_bytes())


@pytest.mark.parametrize("event_type", sorted({*EVENTS, *RELEASED}))
def test_a_promised_event_keeps_its_class_and_its_sample(event_type: str) -> None:
    """A type leaves neither the catalogue nor the samples: old records are read for years."""
    assert event_type in EVENTS
    assert event_type in RELEASED, "add the new type to tests/contract/released.txt"
    assert (FOLDER / f"{event_type}.json").is_file()


@pytest.mark.parametrize("file", files(), ids=type_of)
def test_a_sample_is_read(file: Path) -> None:
    assert isinstance(read(file), EVENTS[type_of(file)])


@pytest.mark.parametrize("file", TYPED, ids=type_of)
def test_a_sample_survives_the_way_through_its_class(file: Path) -> None:
    event = read(file)
    written = event.model_dump_json().encode()

    assert type(event).from_json(written) == event
    assert json.loads(written) == json.loads(file.read_bytes())


@pytest.mark.parametrize("file", TYPED, ids=type_of)
def test_members_that_a_reader_does_not_know_are_ignored(file: Path) -> None:
    """An owner may add a member without a new version and without asking its readers."""
    newer = with_unknown_members(json.loads(file.read_bytes()))

    assert EVENTS[type_of(file)].from_json(json.dumps(newer).encode()) == read(file)


@pytest.mark.parametrize("file", files(), ids=type_of)
def test_data_of_another_shape_is_refused_with_a_value_error(file: Path) -> None:
    """The pipeline sets such a record aside; any other error would stop it."""
    for data in (b"", b"{", b"\xff", b"[1", b'{"order_id": '):
        with pytest.raises(ValueError):
            EVENTS[type_of(file)].from_json(data)


@pytest.mark.parametrize("file", TYPED, ids=type_of)
def test_a_required_member_that_is_missing_is_refused(file: Path) -> None:
    data = json.loads(file.read_bytes())
    event_class = EVENTS[type_of(file)]
    required = [name for name, one in event_class.model_fields.items() if one.is_required()]

    for name in required:
        less = {key: value for key, value in data.items() if key != name}
        with pytest.raises(ValueError):
            event_class.from_json(json.dumps(less).encode())


def test_the_submitted_sample_is_an_acceptable_order() -> None:
    body = sample(OrderSubmitted.type)
    submission = Submission.model_validate_json(json.dumps(body))

    assert OrderSubmitted.from_json(json.dumps(body).encode()).body == body
    assert submission.lines_total_minor == submission.total_minor


def test_personal_data_has_one_place_and_partners_never_see_it() -> None:
    """Every name and address sits in ``personal``, so that it can be encrypted per customer."""
    for file in TYPED:
        data = json.loads(file.read_bytes())
        elsewhere = json.dumps({key: value for key, value in data.items() if key != "personal"})
        assert "Customer 17850" not in elsewhere, file.name
        assert "@example.com" not in elsewhere, file.name
        if EVENTS[type_of(file)] is not OrderPlaced:
            assert "personal" not in data, file.name
            assert "tok_" not in elsewhere, file.name


def with_unknown_members(value: Any) -> Any:
    """``value`` with one more member in every object of it."""
    if isinstance(value, dict):
        known = {name: with_unknown_members(one) for name, one in value.items()}
        return {**known, "added_later": {"by": "the owner"}}
    if isinstance(value, list):
        return [with_unknown_members(one) for one in value]
    return value
