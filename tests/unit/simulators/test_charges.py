"""What may follow a charge, what is refused, and how it is found again."""

from typing import Any

import pytest

from tests.unit.simulators.clients import Client, Reply, a_charge


async def change(
    provider: Client, charge: dict[str, Any], op: str, amount_minor: int | None, key: str
) -> Reply:
    body = {} if amount_minor is None else {"amount_minor": amount_minor}
    return await provider.post(f"/v1/charges/{charge['id']}/{op}", body, key)


async def captured(provider: Client) -> dict[str, Any]:
    return dict((await provider.charge()).json)


async def authorized(provider: Client) -> dict[str, Any]:
    return dict((await provider.charge(capture=False)).json)


async def test_a_refund_answers_with_the_operation_and_the_charge(provider: Client) -> None:
    charge = await captured(provider)

    reply = await change(provider, charge, "refund", 400, "r1")

    assert reply.status == 201
    assert reply.json == {
        "id": reply.json["id"],
        "op": "refund",
        "charge": charge | {"refunded_minor": 400},
        "amount_minor": 400,
        "currency": "EUR",
        "ok": True,
    }


async def test_refunds_stop_at_what_was_captured(provider: Client) -> None:
    charge = await captured(provider)
    await change(provider, charge, "refund", 600, "r1")

    over = await change(provider, charge, "refund", 401, "r2")
    rest = await change(provider, charge, "refund", 400, "r3")

    assert (over.status, over.error) == (422, "refund-exceeds-capture")
    assert rest.json["charge"]["refunded_minor"] == 1000
    assert len(await provider.book()) == 3


async def test_a_declined_charge_has_nothing_to_refund(provider: Client) -> None:
    charge = (await provider.charge("tok_declined")).json

    assert (await change(provider, charge, "refund", 1, "r1")).error == "refund-exceeds-capture"


async def test_an_authorization_is_captured_once_and_in_part(provider: Client) -> None:
    charge = await authorized(provider)

    over = await change(provider, charge, "capture", 1001, "c0")
    first = await change(provider, charge, "capture", 700, "c1")
    second = await change(provider, charge, "capture", 300, "c2")
    refund = await change(provider, charge, "refund", 701, "r1")

    assert (over.status, over.error) == (422, "capture-exceeds-authorization")
    assert first.json["charge"]["captured_minor"] == 700
    assert (second.status, second.error) == (422, "not-capturable")
    assert refund.error == "refund-exceeds-capture"


async def test_only_an_authorization_can_be_voided(provider: Client) -> None:
    charge = await authorized(provider)

    voided = await change(provider, charge, "void", None, "v1")
    capture = await change(provider, charge, "capture", 1, "c1")
    taken = (await provider.charge(key="k2")).json
    void_taken = await change(provider, taken, "void", None, "v2")

    assert voided.json["charge"]["status"] == "voided"
    assert (capture.status, capture.error) == (422, "not-capturable")
    assert (void_taken.status, void_taken.error) == (422, "not-voidable")


async def test_an_unknown_charge_is_404(provider: Client) -> None:
    reply = await change(provider, {"id": "ch_none"}, "void", None, "v1")

    assert (reply.status, reply.error) == (404, "unknown-charge")
    assert (await provider.get("/v1/charges/ch_none"))["error"] == "unknown-charge"


async def test_operations_are_found_by_their_own_key(provider: Client) -> None:
    charge = await captured(provider)
    refund = await change(provider, charge, "refund", 400, "r1")

    assert await provider.get("/v1/operations", key="r1") == [refund.json]
    assert await provider.get("/v1/charges", key="r1") == []
    assert await provider.get("/v1/operations", key="r2") == []
    [found] = await provider.get("/v1/charges", key="k1")
    assert found == refund.json["charge"] == await provider.get(f"/v1/charges/{charge['id']}")


async def test_the_book_lists_what_was_done_in_order(provider: Client) -> None:
    charge = await authorized(provider)
    await change(provider, charge, "capture", 700, "c1")
    await change(provider, charge, "refund", 200, "r1")
    await provider.charge("tok_declined", "k2")

    book = await provider.book()

    assert [(entry["op"], entry["key"], entry["amount_minor"], entry["ok"]) for entry in book] == [
        ("authorize", "k1", 1000, True),
        ("capture", "c1", 700, True),
        ("refund", "r1", 200, True),
        ("capture", "k2", 1000, False),
    ]
    assert {entry["charge_id"] for entry in book[:3]} == {charge["id"]}
    assert {"order_id", "currency", "at"} < set(book[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"card_number": "4242424242424242"},
        {"amount_minor": 0},
        {"amount_minor": -1},
        {"amount_minor": 10.0},
        {"amount_minor": "10"},
        {"amount_minor": True},
        {"currency": "eur"},
        {"order_id": ""},
        {"metadata": {"a": 1}},
    ],
)
async def test_a_wrong_body_is_refused_without_echoing_it(
    provider: Client, wrong: dict[str, object]
) -> None:
    reply = await provider.post("/v1/charges", a_charge() | wrong, "k1")

    assert (reply.status, reply.error) == (422, "invalid-request")
    assert b"4242" not in reply.raw
    assert await provider.book() == []


async def test_a_body_that_is_no_json_is_400(provider: Client) -> None:
    headers = {"Idempotency-Key": "k1"}
    for raw in (b"{", b"[" * 5000, b"\xff"):
        async with provider.session.post("/v1/charges", data=raw, headers=headers) as response:
            assert response.status == 400


async def test_a_body_over_64_kib_is_413(provider: Client) -> None:
    reply = await provider.post("/v1/charges", a_charge() | {"order_id": "x" * 65536}, "k1")

    assert reply.status == 413


async def test_is_live_and_ready(provider: Client) -> None:
    assert await provider.get("/health/live") == {"status": "live"}
    assert await provider.get("/health/ready") == {"status": "ready"}
