"""The ledger of an order over HTTP: both sides of each operation, page by page."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from payments.ledger_api import ledger_router
from shared.http import problem
from shared.http.paging import cursor_after
from shared.service import Running

from tests.integration.payments.service import Payments, cancelled, placed
from tests.integration.payments.test_payments_api import SETTINGS

URL = "/v1/ledger-entries"


@pytest.fixture
async def http(service: Payments) -> Any:
    app = FastAPI()
    problem.install(app)
    running = Running(SETTINGS, service.pool, service.transactions.clock, service.transactions)
    app.include_router(ledger_router(running))
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://p") as client:
        yield client


async def charged_and_given_back(service: Payments) -> None:
    await service.receive(placed(total_minor=100), placed("ord_2", total_minor=7))
    await service.work()
    await service.receive(cancelled())
    await service.work()


async def test_each_operation_has_a_debit_and_a_credit_and_its_cause(
    service: Payments, http: httpx2.AsyncClient
) -> None:
    await charged_and_given_back(service)

    told = (await http.get(URL, params={"order_id": "ord_1"})).json()

    names = ("operation", "number", "reason", "account", "side", "amount_minor", "currency")
    assert [tuple(one[name] for name in names) for one in told["entries"]] == [
        ("charge", 1, "", "provider_clearing", "debit", 100, "GBP"),
        ("charge", 1, "", "order_funds", "credit", 100, "GBP"),
        ("refund", 1, "order-cancelled", "provider_clearing", "credit", 100, "GBP"),
        ("refund", 1, "order-cancelled", "order_funds", "debit", 100, "GBP"),
    ]
    first, second, *_ = told["entries"]
    assert first["tx_id"] == second["tx_id"]
    assert first["provider_reference"]
    assert first["at"]
    assert told["next_cursor"] is None


async def test_pages_follow_each_other_and_a_cursor_is_of_its_order(
    service: Payments, http: httpx2.AsyncClient
) -> None:
    await charged_and_given_back(service)
    query = {"order_id": "ord_1", "limit": "3"}

    first = (await http.get(URL, params=query)).json()
    rest = (await http.get(URL, params={**query, "cursor": first["next_cursor"]})).json()
    other = await http.get(URL, params={"order_id": "ord_2", "cursor": first["next_cursor"]})

    sides = [one["side"] for one in (*first["entries"], *rest["entries"])]
    assert sides == ["debit", "credit", "credit", "debit"]
    assert (len(first["entries"]), rest["next_cursor"]) == (3, None)
    assert (other.status_code, other.json()["type"]) == (400, "urn:problem:invalid-cursor")


@pytest.mark.parametrize("key", ["", "x", "-1", "9" * 19, "\u0663"])
async def test_a_cursor_that_is_no_number_is_refused(http: httpx2.AsyncClient, key: str) -> None:
    cursor = cursor_after(key, {"order_id": "ord_1"})
    answer = await http.get(URL, params={"order_id": "ord_1", "cursor": cursor})

    assert (answer.status_code, answer.json()["type"]) == (400, "urn:problem:invalid-cursor")


async def test_an_order_that_moved_no_money_has_no_entries_and_one_must_be_named(
    service: Payments, http: httpx2.AsyncClient
) -> None:
    await service.receive(placed())

    assert (await http.get(URL, params={"order_id": "ord_1"})).json()["entries"] == []
    assert (await http.get(URL)).status_code == 422
    assert (await http.get(URL, params={"order_id": "x" * 129})).status_code == 422
