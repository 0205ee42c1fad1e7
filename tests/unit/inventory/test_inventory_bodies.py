"""The shapes that requests to inventory may have."""

from datetime import UTC, datetime
from typing import Any

import pytest
from inventory.bodies import ShipmentEventBody
from pydantic import ValidationError

IN_UTC = datetime(2026, 11, 3, 8, 30, tzinfo=UTC)


def body(**members: Any) -> ShipmentEventBody:
    return ShipmentEventBody.model_validate({"status": "in_transit", **members})


def test_a_status_alone_is_enough() -> None:
    told = ShipmentEventBody.model_validate({"status": "delivered"})

    assert (told.status, told.occurred_at, told.note) == ("delivered", None, None)


@pytest.mark.parametrize("status", ["dispatched", "lost", "", "DELIVERED", None, 1])
def test_a_status_that_no_carrier_tells_is_refused(status: Any) -> None:
    with pytest.raises(ValidationError):
        body(status=status)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-03T09:30:00+01:00",
        "2026-11-03T08:30:00Z",
        "2026-11-03t08:30:00.000z",
        "2026-11-03T00:00:00.000000-08:30",
    ],
)
def test_a_moment_is_taken_as_utc(text: str) -> None:
    assert body(occurred_at=text).occurred_at == IN_UTC


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-03T09:30:00",
        "2026-11-03",
        "2026-11-03 09:30:00Z",
        "2026-11-03T09:30Z",
        "20261103T093000Z",
        "2026-W45-2T09:30:00Z",
        "2026-02-30T09:30:00Z",
        "2026-11-03T09:30:00+24:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-11-03T09:30:00Z",
        "now",
        "",
        1793696400,
        True,
    ],
)
def test_a_moment_without_an_offset_or_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        body(occurred_at=value)


def test_a_note_has_a_limit() -> None:
    assert body(note="x" * 500).note == "x" * 500
    for note in ("x" * 501, "\x00"):
        with pytest.raises(ValidationError):
            body(note=note)
