"""What the provider's HTTP answers mean; everything that is not definite is unknown."""

import json
from typing import Any

import pytest
from payments.domain.money import Money
from payments.provider import Captured, Charge, Declined, NotFound, Refunded, RefundRefused, Unknown
from payments.provider_answers import (
    Reply,
    read_charge,
    read_found_charge,
    read_found_refund,
    read_refund,
)

CHARGE = {
    "id": "ch_1",
    "status": "captured",
    "amount_minor": 1530,
    "captured_minor": 1530,
    "refunded_minor": 0,
    "currency": "GBP",
    "order_id": "ord_1",
    "key": "k",
    "decline_code": None,
}
OPERATION = {
    "id": "op_1",
    "op": "refund",
    "charge": CHARGE,
    "amount_minor": 30,
    "currency": "GBP",
    "ok": True,
}


def reply(status: int, body: Any) -> Reply:
    return Reply(status, json.dumps(body).encode())


def charge(**changes: Any) -> dict[str, Any]:
    return {**CHARGE, **changes}


def test_a_captured_charge_says_what_was_really_taken() -> None:
    body = charge(amount_minor=1530, captured_minor=1630)

    assert read_charge(reply(201, body), "k") == Captured("ch_1", Money(1630, "GBP"))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("card_declined", "declined"),
        ("insufficient_funds", "insufficient-funds"),
        ("a_new_code", "declined"),
        (None, "declined"),
    ],
)
def test_a_declined_charge_is_declined(code: str | None, reason: str) -> None:
    body = charge(status="declined", captured_minor=0, decline_code=code)

    assert read_charge(reply(402, body), "k") == Declined(reason, "ch_1")  # type: ignore[arg-type]
    found = read_found_charge(reply(200, [body]), "k")
    assert found == Declined(reason, "ch_1")  # type: ignore[arg-type]


@pytest.mark.parametrize("error", ["unknown-token", "invalid-request"])
def test_a_refusal_of_the_request_is_definite(error: str) -> None:
    assert read_charge(reply(422, {"error": error}), "k") == Declined("declined")


@pytest.mark.parametrize(
    "answer",
    [
        reply(422, {"error": "key-reused"}),
        reply(422, {"error": "something-new"}),
        Reply(422, b"<html>"),
        reply(409, {"error": "key-in-flight"}),
        reply(500, {"error": "internal-error"}),
        reply(503, {}),
        reply(404, {}),
        reply(302, CHARGE),
        reply(429, {}),
        Reply(200, b"<html><body>Bad gateway</body></html>"),
        Reply(201, b""),
        reply(201, []),
        reply(201, charge(status="authorized", captured_minor=0)),
        reply(201, charge(status="voided")),
        reply(201, charge(status="new")),
        reply(201, charge(captured_minor=0)),
        reply(201, charge(captured_minor=-1)),
        reply(201, charge(captured_minor="1530")),
        reply(201, charge(captured_minor=15.3)),
        reply(201, charge(currency="pounds")),
        reply(201, charge(id="")),
        reply(201, charge(key="another")),
        reply(402, {"error": "declined"}),
    ],
)
def test_everything_else_is_unknown(answer: Reply) -> None:
    assert isinstance(read_charge(answer, "k"), Unknown)


def test_an_inquiry_finds_one_charge_or_none() -> None:
    assert read_found_charge(reply(200, [CHARGE]), "k") == Captured("ch_1", Money(1530, "GBP"))
    assert read_found_charge(reply(200, []), "k") == NotFound()


@pytest.mark.parametrize(
    "answer",
    [
        reply(404, []),
        reply(500, []),
        reply(200, {}),
        reply(200, [CHARGE, CHARGE]),
        reply(200, [charge(key="another")]),
        Reply(200, b""),
    ],
)
def test_an_inquiry_that_says_nothing_is_not_not_found(answer: Reply) -> None:
    assert isinstance(read_found_charge(answer, "k"), Unknown)


def test_a_refund_is_made_refused_or_not_known() -> None:
    assert read_refund(reply(201, OPERATION)) == Refunded("op_1", Money(30, "GBP"))
    assert read_refund(reply(422, {"error": "refund-exceeds-capture"})) == RefundRefused(
        "refund-exceeds-capture"
    )
    assert read_refund(reply(201, {**OPERATION, "ok": False})) == RefundRefused("refused")
    for unclear in (reply(409, {}), reply(404, {}), reply(500, {}), reply(201, CHARGE)):
        assert isinstance(read_refund(unclear), Unknown)


def test_a_refund_is_found_or_not() -> None:
    assert read_found_refund(reply(200, [OPERATION])) == Refunded("op_1", Money(30, "GBP"))
    assert read_found_refund(reply(200, [])) == NotFound()
    assert isinstance(read_found_refund(reply(200, [{**OPERATION, "op": "capture"}])), Unknown)
    assert isinstance(read_found_refund(reply(502, [])), Unknown)


def test_what_is_unknown_quotes_no_body() -> None:
    answer = read_charge(Reply(200, b"<html>tok_secret_canary</html>"), "k")

    assert answer == Unknown("unexpected-body-200")


def test_a_charge_shows_its_token_to_nobody() -> None:
    assert "tok_" not in repr(Charge("k", "ord_1", Money(1, "GBP"), "tok_secret_canary"))
