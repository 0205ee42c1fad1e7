"""An order's outcome is heard on the orders' topic, by the reference the file gave it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from local_runtime.retail import kafka_door
from local_runtime.retail.kafka_door import Outcomes
from shared.contracts import orders as told
from shared.contracts.orders import FieldError
from shared.contracts.storefront import Submission

from tests.support.retail import a_row, orders

(ORDER,) = orders(a_row(), a_row(sku="71053"))
NAMES: dict[str, Any] = {"order_id": "ord_1", "client_reference": ORDER.reference}


def placed(total_minor: int = ORDER.total_minor) -> told.OrderPlaced:
    body = Submission.model_validate(ORDER.body).model_dump()
    address = body["shipping_address"]
    personal = {"name": "Guest", "email": "1@example.com", "address": address}
    now = datetime(2026, 3, 1, tzinfo=UTC)
    more = {"total_minor": total_minor, "customer_id": None, "personal": personal}
    return told.OrderPlaced.model_validate(
        {**body, **NAMES, **more, "placed_at": now, "deadline_at": now}
    )


@pytest.mark.parametrize(
    ("event", "status", "problem"),
    [
        (told.OrderConfirmed(**NAMES, total_minor=3060, currency="GBP"), "confirmed", None),
        (told.OrderExpired(**NAMES), "expired", "expired"),
        (told.OrderCancelled(**NAMES, reason="customer"), "cancelled", "cancelled"),
        (
            told.OrderRejected(**NAMES, reasons=("out-of-stock", "payment-declined")),
            "rejected",
            "rejected, out-of-stock, payment-declined",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_a_decision_is_the_outcome(
    event: told.OrderEvent, status: str, problem: str | None
) -> None:
    outcomes = Outcomes()
    waiting = asyncio.create_task(outcomes.of(ORDER))
    await asyncio.sleep(0)
    for one in (placed(), event, placed(), event):
        outcomes.hear(one)

    fate = await waiting

    assert (fate.order_id, fate.status, fate.problem) == ("ord_1", status, problem)


async def test_an_order_of_another_total_is_a_problem() -> None:
    outcomes = Outcomes()
    outcomes.hear(placed(total_minor=1))
    outcomes.hear(told.OrderConfirmed(**NAMES, total_minor=1, currency="GBP"))

    fate = await outcomes.of(ORDER)

    assert fate.problem == "the order has 2 lines and 1 pence, the invoice 2 and 3060"


async def test_a_refusal_says_where_the_body_is_wrong() -> None:
    outcomes = Outcomes()
    error = FieldError(pointer="/currency", detail="is odd")
    outcomes.hear(
        told.StorefrontOrderRefused(
            client_reference=ORDER.reference, reason="validation-failed", errors=(error,)
        )
    )

    fate = await outcomes.of(ORDER)

    assert (fate.status, fate.problem) == ("refused", "validation-failed; /currency: is odd")


async def test_a_reference_that_is_used_already_has_the_outcome_of_its_order() -> None:
    outcomes = Outcomes()
    outcomes.hear(placed())
    outcomes.hear(
        told.StorefrontOrderRefused(client_reference=ORDER.reference, reason="reference-reused")
    )
    outcomes.hear(told.OrderConfirmed(**NAMES, total_minor=3060, currency="GBP"))

    assert (await outcomes.of(ORDER)).problem is None


async def test_silence_is_undecided_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_door, "DECIDED_TIMEOUT_S", 0.01)
    outcomes = Outcomes()
    outcomes.hear(placed())

    fate = await outcomes.of(ORDER)

    assert (fate.order_id, fate.status) == ("ord_1", "undecided")
