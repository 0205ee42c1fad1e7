"""Faults come at run time, in the share asked for, and the same again for the same seed."""

import aiohttp
import pytest
from local_runtime.simulators.behaviours import Delivery
from local_runtime.simulators.faults import ProviderFaults

from tests.unit.simulators.clients import Client, eventually


async def statuses(provider: Client, prefix: str, count: int = 60) -> list[int]:
    return [(await provider.charge(key=f"{prefix}{n}")).status for n in range(count)]


async def test_the_same_seed_fails_the_same_keys(provider: Client) -> None:
    await provider.post("/faults", {"error_percent": 50, "seed": 7})

    failed = [status == 500 for status in await statuses(provider, "k")]

    again = ProviderFaults(error_percent=50, seed=7)
    assert failed == [again.delivery(f"k{n}", 1) is Delivery.ERROR for n in range(60)]
    assert 15 < sum(failed) < 45
    assert len(await provider.book()) == 60 - sum(failed)


async def test_a_failed_call_can_be_repeated_under_its_key(provider: Client) -> None:
    await provider.post("/faults", {"error_percent": 50, "seed": 7})

    async def answered() -> bool:
        return (await provider.charge()).status == 201

    assert await eventually(answered)
    assert len(await provider.book()) == 1


async def test_it_counts_what_calls_have_met_and_not_what_their_tokens_ask_for(
    provider: Client,
) -> None:
    await provider.charge(key="token", token="tok_error_then_ok")
    await provider.post("/faults", {"error_percent": 50, "refund_error_percent": 100, "seed": 7})
    failed = (await statuses(provider, "k")).count(500)
    await provider.post("/faults", {"refund_error_percent": 100, "lost_get_percent": 100})
    charge = (await provider.charge(key="last")).json
    await provider.post(f"/v1/charges/{charge['id']}/refund", {"amount_minor": 1}, "r1")
    with pytest.raises(aiohttp.ClientError):
        await provider.get("/v1/charges", key="last")

    met = await provider.get("/faults/met")
    assert met.pop("lost_get") >= 1, "a client may ask once more by itself"
    assert met == {"error": failed, "answer": 61 - failed, "refund_error": 1}


async def test_an_empty_body_resets_to_the_start(provider: Client) -> None:
    start = await provider.get("/faults")
    await provider.post("/faults", {"error_percent": 100, "late_s": 1})

    await provider.post("/faults", {})

    assert await provider.get("/faults") == start
    assert (await provider.charge()).status == 201


@pytest.mark.parametrize(
    ("fault", "done"),
    [("timeout_done_percent", True), ("timeout_not_done_percent", False)],
)
async def test_a_timeout_by_fault_is_like_the_token(
    provider: Client, fault: str, *, done: bool
) -> None:
    await provider.post("/faults", {fault: 100})
    await provider.charge_in_vain()

    assert bool(await provider.book()) is done


async def test_late_by_fault_is_done_later(provider: Client) -> None:
    await provider.post("/faults", {"late_percent": 100, "late_s": 0.3})
    await provider.charge_in_vain()
    assert (await provider.charge()).error == "key-in-flight"

    assert len(await eventually(provider.book)) == 1


async def test_a_late_refund_that_no_longer_fits_is_not_done(provider: Client) -> None:
    charge = (await provider.charge()).json
    path = f"/v1/charges/{charge['id']}/refund"
    await provider.post("/faults", {"late_percent": 100, "late_s": 0.3})
    with pytest.raises(aiohttp.ClientError):
        await provider.post(path, {"amount_minor": 600}, "r1")
    await provider.post("/faults", {})
    await provider.post(path, {"amount_minor": 600}, "r2")

    async def key_is_free() -> bool:
        return (await provider.post(path, {"amount_minor": 600}, "r1")).status == 422

    assert await eventually(key_is_free)
    assert [entry["key"] for entry in await provider.book()] == ["k1", "r2"]


async def test_slow_by_fault_waits(provider: Client) -> None:
    await provider.post("/faults", {"slow_percent": 100, "slow_s": 0.3})
    await provider.charge_in_vain()

    assert await eventually(provider.book)


async def test_refund_errors_spare_charges(provider: Client) -> None:
    await provider.post("/faults", {"refund_error_percent": 100})
    charge = (await provider.charge()).json

    refund = await provider.post(f"/v1/charges/{charge['id']}/refund", {"amount_minor": 1}, "r1")

    assert refund.status == 500
    assert len(await provider.book()) == 1


async def test_a_question_can_lose_its_answer_but_not_the_book(provider: Client) -> None:
    await provider.post("/faults", {"lost_get_percent": 100})
    await provider.charge()

    for path in ("/v1/charges?key=k1", "/v1/operations?key=k1", "/v1/charges/ch_1"):
        with pytest.raises(aiohttp.ClientError):
            await provider.get(path)
    assert len(await provider.book()) == 1


async def test_a_token_that_misbehaves_meets_no_fault_beside(provider: Client) -> None:
    await provider.post("/faults", {"error_percent": 100})

    assert (await provider.charge("tok_garbage")).status == 200
    assert (await provider.charge("tok_declined", "k2")).status == 500


@pytest.mark.parametrize(
    "wrong",
    [
        {"error_percent": 101},
        {"error_percent": -1},
        {"late_s": 601},
        {"seed": "x"},
        {"unheard_of": 1},
        {"error_percent": 60, "late_percent": 60},
    ],
)
async def test_wrong_faults_are_refused(provider: Client, wrong: dict[str, object]) -> None:
    before = await provider.get("/faults")

    assert (await provider.post("/faults", wrong)).status == 422
    assert await provider.get("/faults") == before
