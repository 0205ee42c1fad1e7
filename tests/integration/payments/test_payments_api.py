"""Payments over HTTP."""

import httpx2
import pytest
from fastapi import FastAPI
from payments.api import router
from payments.settings import PaymentsSettings
from shared.http import problem
from shared.service import Running

from tests.integration.payments import fake_provider as does
from tests.integration.payments.fake_provider import FakeProvider
from tests.integration.payments.service import TOKEN, Payments, cancelled, placed

SETTINGS = PaymentsSettings(
    ORDERPROOF_ENVIRONMENT="local",
    database_url="postgresql://payments@127.0.0.1/payments",
    kafka_bootstrap="127.0.0.1:9092",
    instance_name="payments-0",
    provider_url="http://127.0.0.1:8100",
)


def client(service: Payments) -> httpx2.AsyncClient:
    app = FastAPI()
    problem.install(app)
    running = Running(SETTINGS, service.pool, service.transactions.clock, service.transactions)
    app.include_router(router(running))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://p")


async def a_captured_payment(service: Payments) -> str:
    await service.receive(placed(total_minor=100))
    await service.work()
    return (await service.payment("ord_1")).payment_id


async def test_an_order_shows_its_payment_and_every_operation(service: Payments) -> None:
    payment_id = await a_captured_payment(service)
    await service.receive(cancelled())
    await service.work()
    async with client(service) as http:
        answer = await http.get("/v1/payments", params={"order_id": "ord_1"})

    (shown,) = answer.json()["payments"]
    assert (shown["payment_id"], shown["status"]) == (payment_id, "refunded")
    assert (shown["captured_minor"], shown["refunded_minor"], shown["currency"]) == (
        100,
        100,
        "GBP",
    )
    assert [(one["operation"], one["state"], one["calls"]) for one in shown["attempts"]] == [
        ("charge", "succeeded", 1),
        ("refund", "succeeded", 1),
    ]


async def test_nobody_is_shown_a_token(service: Payments) -> None:
    await service.receive(placed())
    async with client(service) as http:
        answer = await http.get("/v1/payments", params={"order_id": "ord_1"})

    assert answer.json()["payments"][0]["status"] == "pending"
    assert TOKEN not in answer.text


async def test_an_order_without_a_payment_has_none(service: Payments) -> None:
    await service.receive(cancelled("ord_2"))
    async with client(service) as http:
        never_heard_of = await http.get("/v1/payments", params={"order_id": "ord_1"})
        tombstone = await http.get("/v1/payments", params={"order_id": "ord_2"})

    assert never_heard_of.json() == tombstone.json() == {"payments": []}


async def test_money_that_came_late_is_shown_as_captured(
    service: Payments, provider: FakeProvider
) -> None:
    provider.charge_script = [does.charges_without_answer]
    provider.refund_script = [does.refunds_nothing]
    await service.receive(placed())
    await service.work()
    await service.receive(cancelled())
    service.travel(1)
    await service.work()
    async with client(service) as http:
        answer = await http.get("/v1/payments", params={"order_id": "ord_1"})

    assert (await service.payment("ord_1")).status == "captured_late"
    assert answer.json()["payments"][0]["status"] == "captured"


async def test_a_refund_is_accepted_once_for_its_key(
    service: Payments, provider: FakeProvider
) -> None:
    url = f"/v1/payments/{await a_captured_payment(service)}/refunds"
    body, key = {"amount_minor": 30, "reason": "damaged"}, {"Idempotency-Key": "r-1"}
    async with client(service) as http:
        first = await http.post(url, json=body, headers=key)
        again = await http.post(url, json=body, headers=key)
        other = await http.post(url, json={**body, "amount_minor": 31}, headers=key)
    await service.work()

    assert (first.status_code, first.json()["amount_minor"]) == (201, 30)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert (other.status_code, other.json()["type"]) == (422, "urn:problem:idempotency-key-reused")
    assert provider.balance_minor("ord_1") == 70
    refunded = (await service.told("ord_1"))[-1]
    assert (refunded["refund_id"], refunded["reason"]) == (first.json()["refund_id"], "damaged")


async def test_more_than_is_left_is_refused(service: Payments) -> None:
    url = f"/v1/payments/{await a_captured_payment(service)}/refunds"
    async with client(service) as http:
        first = await http.post(
            url, json={"amount_minor": 60, "reason": "a"}, headers={"Idempotency-Key": "r-1"}
        )
        over = await http.post(
            url, json={"amount_minor": 41, "reason": "b"}, headers={"Idempotency-Key": "r-2"}
        )

    assert first.status_code == 201
    assert over.status_code == 422
    assert over.json()["type"] == "urn:problem:refund-exceeds-capture"
    assert over.json()["refundable_minor"] == 40


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"amount_minor": 0, "reason": "a"}', 422),
        (b'{"amount_minor": 1.0, "reason": "a"}', 422),
        (b'{"amount_minor": "1", "reason": "a"}', 422),
        (b'{"amount_minor": 1, "reason": ""}', 422),
        (b'{"amount_minor": 1, "reason": "a", "currency": "GBP"}', 422),
        (b'{"amount_minor": 1}', 422),
        (b"{", 400),
        (b"", 400),
    ],
)
async def test_a_body_of_another_shape_is_refused(
    service: Payments, body: bytes, status: int
) -> None:
    url = f"/v1/payments/{await a_captured_payment(service)}/refunds"
    headers = {"Idempotency-Key": "r-1", "Content-Type": "application/json"}
    async with client(service) as http:
        answer = await http.post(url, content=body, headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_refund_needs_a_payment_and_a_key(service: Payments) -> None:
    url = f"/v1/payments/{await a_captured_payment(service)}/refunds"
    body = {"amount_minor": 1, "reason": "a"}
    async with client(service) as http:
        unknown = await http.post(
            "/v1/payments/pay_0/refunds", json=body, headers={"Idempotency-Key": "r-1"}
        )
        keyless = await http.post(url, json=body)

    assert (unknown.status_code, keyless.status_code) == (404, 400)
    assert keyless.json()["type"] == "urn:problem:idempotency-key-missing"
