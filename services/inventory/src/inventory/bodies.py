"""The shapes of inventory's requests."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field
from shared.contracts.storefront import (
    LINES_MAX,
    QUANTITY_MAX,
    Body,
    Reference,
    Required,
    Storable,
    Text,
)

from inventory.domain.carriage import CarrierStatus
from inventory.domain.handshake import CancellationAnswer

Sku = Annotated[str, Field(min_length=1, max_length=64), Storable]
Location = Annotated[str, Field(min_length=1, max_length=64), Storable]
Quantity = Annotated[int, Field(ge=1, le=QUANTITY_MAX)]

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)


def moment(value: object) -> datetime:
    """RFC 3339 with an offset, as UTC. Raises ``ValueError`` for anything else."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be a date and time with an offset, as RFC 3339 writes it")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("must be between the years 1 and 9999, also in UTC") from None


Moment = Annotated[datetime, BeforeValidator(moment)]


class ReceiptBody(Body):
    sku: Sku
    location: Location
    quantity: Quantity


class ReceiptsBody(Body):
    """Goods that arrived; the same SKU and location twice counts together."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"receipts": [{"sku": "85123A", "location": "main", "quantity": 100}]}]
        }
    )

    receipts: Annotated[list[ReceiptBody], Field(min_length=1, max_length=LINES_MAX)]


class AdjustmentBody(Body):
    """``quantity`` units more on hand than was thought; negative when there are fewer."""

    sku: Sku
    location: Location
    quantity: Annotated[int, Field(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]


class AdjustmentsBody(Body):
    """What a count has found; ``reason`` stays in the stock's history."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "adjustments": [{"sku": "85123A", "location": "main", "quantity": -2}],
                    "reason": "counted",
                }
            ]
        }
    )

    adjustments: Annotated[list[AdjustmentBody], Field(min_length=1, max_length=LINES_MAX)]
    reason: Required


class ShippedLineBody(Body):
    sku: Sku
    quantity: Quantity


class ShipmentBody(Body):
    """A parcel that leaves: a part of what the order holds, or all of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [{"sku": "85123A", "quantity": 6}],
                    "carrier": "Royal Post",
                    "tracking_number": "RP1",
                }
            ]
        }
    )

    lines: Annotated[list[ShippedLineBody], Field(min_length=1, max_length=LINES_MAX)]
    carrier: Reference
    tracking_number: Reference


class ShipmentEventBody(Body):
    """What the carrier tells of a parcel; without ``occurred_at`` it happened now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"status": "delivered"},
                {
                    "status": "failed_attempt",
                    "occurred_at": "2026-11-03T09:30:00+01:00",
                    "note": "Nobody at home.",
                },
            ]
        }
    )

    status: CarrierStatus
    occurred_at: Moment | None = None
    note: Text | None = None


class RejectionBody(Body):
    """Why the partner will not fulfil the order."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "No room this week."}]})

    reason: Required


class CancellationAnswerBody(Body):
    """Whether the partner can still cancel; ``reason`` says why not."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"answer": "accepted"}, {"answer": "refused", "reason": "Packed already."}]
        }
    )

    answer: CancellationAnswer
    reason: Text | None = None
