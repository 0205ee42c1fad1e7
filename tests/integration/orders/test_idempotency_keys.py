"""One key is one order: repeated, raced, reused, and while the first is still at work."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from shared.http import idempotency

from shared import crash
from tests.integration.orders.support import Database
from tests.support.builders import an_order
from tests.support.in_process import app_of, client_of, problem_of


async def place(
    client: httpx2.AsyncClient, body: dict[str, Any], key: str | None = None
) -> httpx2.Response:
    headers = {"Idempotency-Key": key or uuid4().hex}
    return await client.post("/v1/orders", json=body, headers=headers)


async def orders_of(pool: Database, body: dict[str, Any]) -> int:
    count: int = await pool.fetchval(
        "SELECT count(*) FROM orders WHERE client_reference = $1", body["client_reference"]
    )
    return count


async def keys(pool: Database, key: str) -> int:
    count: int = await pool.fetchval("SELECT count(*) FROM idempotency_keys WHERE key = $1", key)
    return count


async def test_the_same_request_again_gets_the_same_bytes(client: httpx2.AsyncClient) -> None:
    body, key = an_order(), uuid4().hex

    first, again = await place(client, body, key), await place(client, body, key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert first.headers["location"] == f"/v1/orders/{first.json()['order_id']}"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


async def test_fifty_at_once_are_one_order_and_equal_bytes(
    client: httpx2.AsyncClient, pool: Database
) -> None:
    """More than there are connections: who waits for its twin holds none."""
    body, key = an_order(), uuid4().hex

    answers = await asyncio.gather(*(place(client, body, key) for _ in range(50)))

    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert sum("idempotency-replayed" in one.headers for one in answers) == 49
    assert await orders_of(pool, body) == 1


async def test_two_instances_make_one_order_of_one_key(pool: Database) -> None:
    body, key = an_order(), uuid4().hex
    async with client_of(app_of("orders", pool)) as one, client_of(app_of("orders", pool)) as two:
        answers = await asyncio.gather(*(place(who, body, key) for who in (one, two) * 4))

    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert await orders_of(pool, body) == 1


async def test_another_request_under_the_key_is_refused_without_effect(
    client: httpx2.AsyncClient, pool: Database
) -> None:
    body, other, key = an_order(), an_order(), uuid4().hex
    first = await place(client, body, key)

    refused = await place(client, other, key)

    assert problem_of(refused) == (422, "idempotency-key-reused")
    assert await orders_of(pool, other) == 0
    assert (await place(client, body, key)).content == first.content


async def test_nothing_is_kept_of_a_request_that_was_refused(
    client: httpx2.AsyncClient, pool: Database
) -> None:
    body, key = an_order(), uuid4().hex
    assert problem_of(await place(client, {**body, "total_minor": 1}, key))[1] == "price-mismatch"
    assert problem_of(await place(client, {**body, "more": 1}, key))[1] == "validation-failed"
    assert await keys(pool, key) == 0

    mended = await place(client, body, key)

    assert (mended.status_code, "idempotency-replayed" in mended.headers) == (201, False)


async def test_what_could_not_be_committed_is_not_acknowledged(
    client: httpx2.AsyncClient, pool: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, key = an_order(), uuid4().hex

    def cut(point: str) -> None:
        if point == "before_commit":
            raise ConnectionResetError("the line is cut")

    with monkeypatch.context() as cutting:
        cutting.setattr(crash, "point", cut)
        answer = await place(client, body, key)

    assert problem_of(answer) == (503, "unavailable")
    assert (await orders_of(pool, body), await keys(pool, key)) == (0, 0)
    assert (await place(client, body, key)).status_code == 201
    assert await orders_of(pool, body) == 1


async def test_a_new_key_for_a_known_reference_is_told_of_the_order(
    client: httpx2.AsyncClient, pool: Database
) -> None:
    body, key = an_order(), uuid4().hex
    order_id = (await place(client, body)).json()["order_id"]

    refused = await place(client, body, key)

    assert problem_of(refused) == (409, "order-exists")
    assert refused.headers["link"] == f'</v1/orders/{order_id}>; rel="related"'
    assert refused.json()["order_id"] == order_id
    assert await keys(pool, key) == 0


async def test_who_waits_too_long_for_the_first_is_told_to_come_again(
    client: httpx2.AsyncClient, pool: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is in another process, and in this one; then it ends, and its twin goes on."""
    monkeypatch.setattr(idempotency, "WAIT_S", 0.3)
    body, key = an_order(), uuid4().hex
    async with pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        await db.execute(
            "INSERT INTO idempotency_keys VALUES ('default', 'POST /v1/orders', $1, '', NULL, "
            "NULL, NULL, now())",
            key,
        )
        answers = await asyncio.gather(*(place(client, body, key) for _ in range(20)))
        await transaction.rollback()

    assert {problem_of(one) for one in answers} == {(409, "idempotency-in-progress")}
    assert {one.headers["retry-after"] for one in answers} == {"1"}
    assert (await place(client, body, key)).status_code == 201
    assert await orders_of(pool, body) == 1
