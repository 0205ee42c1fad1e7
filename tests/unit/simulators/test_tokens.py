"""Each token does what it is named for, and the book says so."""

import asyncio

import pytest
from local_runtime.simulators.behaviours import BEHAVIOURS

from tests.unit.simulators.clients import Client, eventually


async def test_ok_captures_the_amount(provider: Client) -> None:
    reply = await provider.charge()

    assert reply.status == 201
    assert reply.json == {
        "id": reply.json["id"],
        "status": "captured",
        "amount_minor": 1000,
        "captured_minor": 1000,
        "refunded_minor": 0,
        "currency": "EUR",
        "order_id": "o1",
        "key": "k1",
        "decline_code": None,
    }
    assert reply.json["id"].startswith("ch_")


async def test_ok_without_capture_only_authorizes(provider: Client) -> None:
    reply = await provider.charge(capture=False)

    assert reply.json["status"] == "authorized"
    assert reply.json["captured_minor"] == 0
    assert [entry["op"] for entry in await provider.book()] == ["authorize"]


@pytest.mark.parametrize(
    ("token", "code"),
    [("tok_declined", "card_declined"), ("tok_insufficient_funds", "insufficient_funds")],
)
async def test_a_decline_is_402_and_an_entry_that_is_not_ok(
    provider: Client, token: str, code: str
) -> None:
    reply = await provider.charge(token)

    assert reply.status == 402
    assert reply.json["status"] == "declined"
    assert reply.json["decline_code"] == code
    assert reply.json["captured_minor"] == 0
    assert [(entry["op"], entry["ok"]) for entry in await provider.book()] == [("capture", False)]


async def test_slow_answers_late_and_holds_its_key_meanwhile(provider: Client) -> None:
    first = asyncio.create_task(provider.charge("tok_slow"))
    await asyncio.sleep(0.05)

    meanwhile = await provider.charge("tok_slow")

    assert (meanwhile.status, meanwhile.error) == (409, "key-in-flight")
    assert (await first).json["status"] == "captured"


async def test_slow_is_done_even_when_the_caller_leaves(provider: Client) -> None:
    await provider.charge_in_vain("tok_slow")

    assert await eventually(provider.book)


async def test_timeout_done_does_it_once_and_a_repeat_is_answered(provider: Client) -> None:
    await provider.charge_in_vain("tok_timeout_done")
    [found] = await provider.get("/v1/charges", key="k1")

    repeat = await provider.charge("tok_timeout_done")

    assert repeat.replayed
    assert repeat.json == found
    assert len(await provider.book()) == 1


async def test_timeout_not_done_never_does_it(provider: Client) -> None:
    await provider.charge_in_vain("tok_timeout_not_done")

    async def hangs_again() -> bool:
        try:
            reply = await provider.charge("tok_timeout_not_done", patience_s=0.1)
        except TimeoutError:
            return True
        assert reply.error == "key-in-flight"
        return False

    assert await eventually(hangs_again)
    assert await provider.book() == []
    assert await provider.get("/v1/charges", key="k1") == []


async def test_late_is_done_after_the_caller_asked_and_found_nothing(provider: Client) -> None:
    await provider.charge_in_vain("tok_timeout_done_late")
    assert await provider.get("/v1/charges", key="k1") == []
    meanwhile = await provider.charge("tok_timeout_done_late")

    [entry] = await eventually(provider.book)
    repeat = await provider.charge("tok_timeout_done_late")

    assert (meanwhile.status, meanwhile.error) == (409, "key-in-flight")
    assert (entry["op"], entry["ok"], entry["key"]) == ("capture", True, "k1")
    assert (repeat.status, repeat.replayed) == (201, True)
    assert repeat.json["id"] == entry["charge_id"]


async def test_error_then_ok_forgets_the_error(provider: Client) -> None:
    first = await provider.charge("tok_error_then_ok")
    assert await provider.book() == []

    second = await provider.charge("tok_error_then_ok")

    assert first.status == 500
    assert (second.status, second.replayed) == (201, False)
    assert len(await provider.book()) == 1


async def test_wrong_amount_says_what_it_took(provider: Client) -> None:
    reply = await provider.charge("tok_wrong_amount")

    assert reply.json["captured_minor"] == 1100
    assert [entry["amount_minor"] for entry in await provider.book()] == [1100]


async def test_garbage_is_done_and_only_a_question_tells(provider: Client) -> None:
    reply = await provider.charge("tok_garbage")

    assert reply.status == 200
    with pytest.raises(ValueError):
        _ = reply.json
    [found] = await provider.get("/v1/charges", key="k1")
    assert found["status"] == "captured"
    assert (await provider.charge("tok_garbage")).raw == reply.raw


async def test_unknown_token_is_refused_and_its_key_stays_free(provider: Client) -> None:
    reply = await provider.charge("tok_unheard_of")

    assert (reply.status, reply.error) == (422, "unknown-token")
    assert (await provider.charge()).status == 201


def test_every_token_of_the_interface_has_a_behaviour() -> None:
    assert set(BEHAVIOURS) == {
        "tok_ok",
        "tok_declined",
        "tok_insufficient_funds",
        "tok_slow",
        "tok_timeout_done",
        "tok_timeout_not_done",
        "tok_timeout_done_late",
        "tok_error_then_ok",
        "tok_wrong_amount",
        "tok_garbage",
    }
