"""The handshake with the partner who fulfils, against rows in memory."""

from typing import Any

import pytest
from pydantic import ValidationError
from shared.http.problem import Problem

from tests.unit.inventory.shop import OPEN, Shop, refusal, shop_with


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return shop_with(OPEN, monkeypatch)


async def test_a_partner_is_asked_and_answers(shop: Shop) -> None:
    for said in (shop.request, shop.reject, shop.request, shop.accept):
        first, second = await said(), await said()
        assert first == second

    assert shop.names == [
        "fulfilment-requested",
        "fulfilment-rejected",
        "fulfilment-requested",
        "fulfilment-accepted",
    ]
    assert [data.get("reason") for _, data in shop.told] == [None, "No room.", None, None]
    assert {tuple(data["seller_ids"]) for _, data in shop.told} == {("s-1", "s-2")}
    assert (first["request_status"], first["status"]) == ("accepted", "open")


async def test_what_cannot_follow_is_refused_with_where_it_is(shop: Shop) -> None:
    for said, status in ((shop.accept, "unsubmitted"), (shop.reject, "unsubmitted")):
        with pytest.raises(Problem) as refused:
            await said()
        assert refusal(refused.value) == (409, "illegal-transition", status)
    assert shop.told == []


async def test_a_partner_who_accepted_is_asked_before_it_is_cancelled(shop: Shop) -> None:
    await shop.request()
    await shop.accept()

    await shop.customer_cancels()
    await shop.customer_cancels()
    assert shop.names[2:] == ["fulfilment-cancellation-requested"]
    assert shop.rows.order.fulfilment_status == "open"

    for _ in range(2):
        answer = await shop.answer(answer="accepted")
        assert (answer["status"], answer["cancellation_status"]) == ("cancelled", "accepted")
    assert shop.names[3:] == ["fulfilment-order-cancelled"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [("Packed.", "Packed."), (None, "refused-by-partner"), ("", "refused-by-partner")],
)
async def test_a_partner_may_refuse_to_cancel(shop: Shop, reason: str | None, told: str) -> None:
    await shop.request()
    await shop.accept()
    await shop.customer_cancels()

    for _ in range(2):
        answer = await shop.answer(answer="refused", reason=reason)
        assert (answer["status"], answer["cancellation_status"]) == ("open", "refused")
    [(name, data)] = shop.told[3:]
    assert (name, data["reason"]) == ("cancellation-refused", told)

    await shop.customer_cancels()
    assert shop.names[4:] == ["fulfilment-cancellation-requested"]


@pytest.mark.parametrize("units", [1, 3])
async def test_a_dispatch_meanwhile_is_a_refusal(shop: Shop, units: int) -> None:
    await shop.request()
    await shop.accept()
    await shop.customer_cancels()

    await shop.dispatch(units)

    assert shop.names[3:] == ["shipment-dispatched", "cancellation-refused"]
    assert shop.told[-1][1]["reason"] == "already-dispatched"
    with pytest.raises(Problem) as refused:
        await shop.answer(answer="accepted")
    assert refusal(refused.value) == (409, "illegal-transition", "refused")


async def test_a_dispatch_that_nobody_wanted_to_cancel_refuses_nothing(shop: Shop) -> None:
    await shop.request()
    await shop.accept()
    await shop.dispatch(3)

    assert shop.names[2:] == ["shipment-dispatched"]
    assert shop.told[-1][1]["lines"] == [{"sku": "mug", "quantity": 3, "seller_id": "s-1"}]
    assert shop.told[-1][1]["seller_ids"] == ["s-1"]


async def test_without_a_partner_it_is_cancelled_as_ever(shop: Shop) -> None:
    await shop.request()

    await shop.customer_cancels()

    assert shop.names[1:] == ["fulfilment-order-cancelled"]
    with pytest.raises(Problem) as refused:
        await shop.accept()
    assert refusal(refused.value) == (409, "illegal-transition", "cancelled")
    with pytest.raises(Problem) as refused:
        await shop.answer(answer="accepted")
    assert refusal(refused.value) == (409, "illegal-transition", "none")


@pytest.mark.parametrize("body", [{}, {"answer": "maybe"}, {"answer": "refused", "by": "us"}])
async def test_an_answer_of_another_shape_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        await shop.answer(**body)


async def test_a_rejection_needs_a_reason(shop: Shop) -> None:
    with pytest.raises(ValidationError):
        await shop.reject("")
