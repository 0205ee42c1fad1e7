"""One key does one operation, whatever is sent under it and whenever the provider dies."""

import asyncio
from pathlib import Path

import pytest

from tests.unit.simulators.clients import Client, Reply, a_charge, a_provider


@pytest.mark.parametrize("token", ["tok_ok", "tok_declined"])
async def test_a_repeat_gets_the_first_answer_byte_for_byte(provider: Client, token: str) -> None:
    first = await provider.charge(token)
    repeat = await provider.charge(token)

    assert (repeat.status, repeat.raw) == (first.status, first.raw)
    assert (first.replayed, repeat.replayed) == (False, True)
    assert len(await provider.book()) == 1


async def test_another_body_under_the_key_is_refused(provider: Client) -> None:
    await provider.charge()

    reply = await provider.charge(amount_minor=1001)

    assert (reply.status, reply.error) == (422, "key-reused")


async def test_the_order_of_members_does_not_make_another_body(provider: Client) -> None:
    first = await provider.charge(metadata={"a": "1", "b": "2"})

    repeat = await provider.charge(metadata={"b": "2", "a": "1"})

    assert repeat.raw == first.raw


async def test_a_key_used_for_a_charge_cannot_refund(provider: Client) -> None:
    charge = (await provider.charge()).json

    reply = await provider.post(f"/v1/charges/{charge['id']}/refund", {"amount_minor": 1}, "k1")

    assert (reply.status, reply.error) == (422, "key-reused")


async def test_fifty_calls_at_once_do_it_once(provider: Client) -> None:
    replies = await asyncio.gather(*(provider.charge() for _ in range(50)))

    assert {reply.raw for reply in replies} == {replies[0].raw}
    assert len(await provider.book()) == 1


async def test_a_key_is_needed(provider: Client) -> None:
    for key in (None, "", "has space", "x" * 256):
        reply = await provider.post("/v1/charges", a_charge(), key)
        assert (reply.status, reply.error) == (400, "idempotency-key-invalid")


async def test_the_book_outlives_the_process_even_with_a_torn_last_line(tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl"
    async with a_provider(path) as before:
        first = await before.charge()
        refund = await _refund(before, first.json["id"])
        book = await before.book()
    with path.open("ab") as file:
        file.write(b'{"operation": {"id": "op_')

    async with a_provider(path) as after:
        assert await after.book() == book
        assert (await after.charge()).raw == first.raw
        assert (await _refund(after, first.json["id"])).raw == refund.raw
        await after.charge(key="k2")

    async with a_provider(path) as again:
        assert len(await again.book()) == 3


async def _refund(client: Client, charge_id: str) -> Reply:
    return await client.post(f"/v1/charges/{charge_id}/refund", {"amount_minor": 300}, "r1")
