"""Refunds by line: the price of the units, each unit once, and never more than was captured."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from shared.contracts.orders import OrderLine

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import Payments, placed
from tests.integration.payments.test_payments_api import client
from tests.support.in_process import problem_of

LINES = (
    OrderLine(sku="mug", quantity=2, unit_price_minor=500),
    OrderLine(sku="tea", quantity=1, unit_price_minor=250),
    OrderLine(sku="gift", quantity=1, unit_price_minor=0),
)
TOTAL = 1250


@pytest.fixture
async def http(service: Payments) -> AsyncIterator[httpx2.AsyncClient]:
    async with client(service) as one:
        yield one


async def captured(service: Payments) -> str:
    """The refunds' address of a payment for ``LINES``."""
    await service.receive(placed(lines=LINES, total_minor=TOTAL))
    await service.work()
    return f"/v1/payments/{(await service.payment('ord_1')).payment_id}/refunds"


async def ask(http: httpx2.AsyncClient, url: str, body: dict[str, Any]) -> httpx2.Response:
    headers = {"Idempotency-Key": uuid4().hex}
    return await http.post(url, json={"reason": "returned", **body}, headers=headers)


def units(sku: str, quantity: int) -> dict[str, Any]:
    return {"lines": [{"sku": sku, "quantity": quantity}]}


async def test_a_line_is_refunded_at_what_it_cost(
    service: Payments, http: httpx2.AsyncClient, provider: FakeProvider
) -> None:
    url = await captured(service)

    mug = await ask(http, url, units("mug", 1))
    rest = await ask(http, url, {"lines": [*units("mug", 1)["lines"], *units("tea", 1)["lines"]]})
    await service.work()

    assert (mug.status_code, mug.json()["amount_minor"]) == (201, 500)
    assert mug.json()["lines"] == [{"sku": "mug", "quantity": 1}]
    assert (rest.status_code, rest.json()["amount_minor"]) == (201, 750)
    assert provider.balance_minor("ord_1") == 0
    assert (await service.payment("ord_1")).status == "refunded"
    assert await service.broken_promises() == {}


async def test_a_unit_is_refunded_once(service: Payments, http: httpx2.AsyncClient) -> None:
    url = await captured(service)
    assert (await ask(http, url, units("mug", 2))).status_code == 201

    refused = await ask(http, url, units("mug", 1))

    assert problem_of(refused) == (422, "refund-exceeds-lines")
    assert refused.json()["errors"][0]["pointer"] == "/lines/0"
    assert problem_of(await ask(http, url, units("pot", 1))) == (422, "refund-exceeds-lines")
    assert problem_of(await ask(http, url, units("gift", 1))) == (422, "nothing-to-refund")


async def test_amounts_and_lines_together_never_exceed_the_capture(
    service: Payments, http: httpx2.AsyncClient, provider: FakeProvider
) -> None:
    url = await captured(service)
    assert (await ask(http, url, {"amount_minor": 1000})).status_code == 201

    refused = await ask(http, url, units("mug", 1))
    tea = await ask(http, url, units("tea", 1))
    await service.work()

    assert problem_of(refused) == (422, "refund-exceeds-capture")
    assert refused.json()["refundable_minor"] == 250
    assert tea.status_code == 201
    assert provider.balance_minor("ord_1") == 0


async def test_units_whose_refund_was_not_made_may_be_refunded_again(
    service: Payments, http: httpx2.AsyncClient, provider: FakeProvider
) -> None:
    provider.refund_script = [does.refuses_the_refund]
    url = await captured(service)
    assert (await ask(http, url, units("mug", 2))).status_code == 201
    await service.work()
    assert (await service.payment("ord_1")).refunded_minor == 0

    assert (await ask(http, url, units("mug", 2))).status_code == 201
    await service.work()

    assert (await service.payment("ord_1")).refunded_minor == 1000


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"amount_minor": 1, "lines": [{"sku": "mug", "quantity": 1}]},
        {"lines": []},
        {"lines": [{"sku": "mug", "quantity": 0}]},
        {"lines": [{"sku": "mug", "quantity": 1, "amount_minor": 1}]},
        {"lines": [{"sku": "mug"}]},
    ],
)
async def test_a_refund_says_one_thing(
    service: Payments, http: httpx2.AsyncClient, body: dict[str, Any]
) -> None:
    assert problem_of(await ask(http, await captured(service), body)) == (422, "validation-failed")
