"""Orders are listed by what is true of them, in pages that neither skip nor repeat."""

import re
from typing import Any
from uuid import uuid4

import pytest
from orders import store
from orders.domain.order import Fulfilment, Status, summary_of
from orders.shapes import OrdersView

from tests.integration.orders.support import Client, Database, advance, leading_to, place
from tests.support.in_process import problem_of


async def page(client: Client, **query: Any) -> tuple[list[str], str | None]:
    answer = await client.get("/v1/orders", params=query)
    assert answer.status_code == 200, answer.text
    shown = OrdersView.model_validate_json(answer.content)
    return [one.order_id for one in shown.orders], shown.next_cursor


async def test_pages_have_every_order_once_the_newest_first(client: Client) -> None:
    customer = {"id": uuid4().hex, "email": "c@example.com", "name": "C"}
    placed = [await place(client, customer=customer) for _ in range(5)]

    pages = [await page(client, customer_id=customer["id"], limit=2)]
    await place(client, customer=customer)  # Newer than where the page ended: not in the way.
    while cursor := pages[-1][1]:
        pages.append(await page(client, customer_id=customer["id"], limit=2, cursor=cursor))

    assert [ids for ids, _ in pages] == [placed[:2:-1], placed[2:0:-1], placed[:1]]


async def test_the_link_leads_to_the_next_page(client: Client) -> None:
    for _ in range(3):
        await place(client)

    first = await client.get("/v1/orders?limit=1&channel=b2c")
    link = re.fullmatch(r'<(/v1/orders\?.*)>; rel="next"', first.headers["link"])
    assert link
    second = await client.get(link[1])

    assert second.json()["orders"] != first.json()["orders"]
    assert len(second.json()["orders"]) == 1
    last = await client.get("/v1/orders?limit=1&client_reference=nobody")
    assert last.json() == {"orders": [], "next_cursor": None}
    assert "link" not in last.headers


async def test_filters_are_true_of_every_order(client: Client, pool: Database) -> None:
    who = uuid4().hex
    customer = {"id": who, "email": "c@example.com", "name": "C"}
    pending = await place(client, customer=customer)
    by_status = {"pending": pending}
    for status in ("rejected", "confirmed", "partially_shipped", "shipped", "delivered"):
        reference = f"{who}-{status}"
        order_id = await place(client, customer=customer, channel="b2b", reference=reference)
        await advance(pool, order_id, *leading_to(status, order_id))
        by_status[status] = order_id

    for status, order_id in by_status.items():
        assert await page(client, customer_id=who, status=status) == ([order_id], None)
    assert (await page(client, customer_id=who, channel="b2c"))[0] == [pending]
    assert len((await page(client, customer_id=who, channel="b2b"))[0]) == 5
    found = await page(client, client_reference=f"{who}-shipped", status="shipped")
    assert found[0] == [by_status["shipped"]]
    assert await page(client, client_reference=f"{who}-shipped", status="pending") == ([], None)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"status": "completed"}, (422, "validation-failed")),
        ({"channel": "b2g"}, (422, "validation-failed")),
        ({"limit": "1000000000"}, (422, "validation-failed")),
        ({"limit": "0"}, (422, "validation-failed")),
        ({"customer_id": ""}, (422, "validation-failed")),
        ({"client_reference": "x" * 129}, (422, "validation-failed")),
        ({"cursor": "x" * 301}, (422, "validation-failed")),
        ({"cursor": "nonsense"}, (400, "invalid-cursor")),
        ({"cursor": "ord_1"}, (400, "invalid-cursor")),
        ({"cursor": "=" * 8}, (400, "invalid-cursor")),
        ({"cursor": "é"}, (400, "invalid-cursor")),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    client: Client, query: dict[str, str], problem: tuple[int, str]
) -> None:
    assert problem_of(await client.get("/v1/orders", params=query)) == problem


async def test_a_cursor_serves_only_the_question_it_came_from(client: Client) -> None:
    await place(client)
    await place(client)
    _, cursor = await page(client, limit=1, channel="b2c")
    assert cursor is not None
    changed = ("A" if cursor[-1] != "A" else "B") + cursor[1:]

    for query in ({"cursor": cursor}, {"cursor": cursor, "channel": "b2b"}, {"cursor": changed}):
        assert problem_of(await client.get("/v1/orders", params=query)) == (400, "invalid-cursor")
    assert (await client.get("/v1/orders", params={"cursor": cursor, "channel": "b2c"})).is_success


async def test_no_page_reads_a_whole_table(pool: Database) -> None:
    """The plans of a large table, whatever is asked: an index, and no sort of everything."""
    async with pool.acquire() as db:
        await db.execute("BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        for wanted in ({}, {"status": "cancelling"}, {"channel": "c2c"}, {"customer_id": "1"}):
            query = store.page_query([*wanted, "before"])
            plan = await db.fetch("EXPLAIN " + query, 51, *wanted.values(), "ord_9")
            text = "\n".join(one[0] for one in plan)
            assert "Seq Scan" not in text, text
            assert "Sort" not in text, text
        await db.execute("ROLLBACK")


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("fulfilment", Fulfilment)
async def test_the_store_has_the_same_word_for_an_order(
    pool: Database, status: Status, fulfilment: Fulfilment
) -> None:
    expression = store.SUMMARY.replace("o.", "")
    word = await pool.fetchval(
        f"SELECT {expression} FROM (SELECT $1::text AS status, $2::text AS fulfilment) o",
        status,
        fulfilment,
    )

    assert word == summary_of(status, fulfilment)
