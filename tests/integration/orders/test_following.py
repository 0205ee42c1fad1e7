"""Following one order: its versions as entity tags, waiting for it, and its stream of changes."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import FastAPI
from orders import stream
from orders.shapes import OrderView, TimelineView

from tests.integration.orders.support import Client, Database, advance, leading_to, place
from tests.support.in_process import app_of, client_of, problem_of, timer_of
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
async def app(pool: Database) -> AsyncIterator[FastAPI]:
    """Orders with its watcher at work, and room for two streams."""
    app = app_of("orders", pool, streams_max=2)
    async with timer_of(app, "waiting"):
        yield app


@pytest.fixture(scope="module")
async def client(app: FastAPI) -> AsyncIterator[Client]:
    async with client_of(app) as one:
        yield one


def streams_of(app: FastAPI) -> int:
    """How many streams the service says are open."""
    look = next(one.act for one in app.state.timers if one.name == "waiting")
    return int(look.__self__.streams)


def events_in(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """(id, event, data) of a stream; comments are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.split("\n") if line[:1] not in ("", ":")
        )
        if fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def test_what_is_shown_has_the_documented_shape(client: Client, pool: Database) -> None:
    order_id = await place(client, metadata={"a": "b"}, campaign="c")
    await advance(pool, order_id, *leading_to("confirmed", order_id))

    OrderView.model_validate_json((await client.get(f"/v1/orders/{order_id}")).content)
    timeline = await client.get(f"/v1/orders/{order_id}/timeline")
    versions = [
        one.version for one in TimelineView.model_validate_json(timeline.content).transitions
    ]
    assert versions == [1, 2, 3, 4]


async def test_an_order_that_is_known_already_is_not_sent_again(
    client: Client, pool: Database
) -> None:
    order_id = await place(client)
    url = f"/v1/orders/{order_id}"
    tag = (await client.get(url)).headers["etag"]
    assert tag == '"1"'

    for known in (tag, "W/" + tag, f'"x", {tag}', "*"):
        answer = await client.get(url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    await advance(pool, order_id, *leading_to("rejected", order_id))
    changed = await client.get(url, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"3"')


async def test_only_the_version_that_was_read_is_cancelled(client: Client, pool: Database) -> None:
    order_id = await place(client)
    url = f"/v1/orders/{order_id}/cancel"

    for other in ('"2"', 'W/"1"', "nonsense"):
        refused = await client.post(url, headers={"If-Match": other})
        assert problem_of(refused) == (412, "precondition-failed")
        assert refused.headers["etag"] == '"1"'
    cancelled = await client.post(url, headers={"If-Match": '"7", "1"'})
    again = await client.post(url, headers={"If-Match": "*"})

    assert (cancelled.status_code, cancelled.headers["etag"]) == (202, '"2"')
    assert (again.status_code, again.json()) == (202, cancelled.json())


async def test_who_waits_is_answered_when_it_is_decided(client: Client, pool: Database) -> None:
    order_id = await place(client)
    waiting = asyncio.create_task(
        client.get(f"/v1/orders/{order_id}?wait_for=decided&timeout_s=20")
    )
    await advance(pool, order_id, *leading_to("confirmed", order_id))

    assert (await waiting).json()["status"] == "confirmed"


async def test_a_stream_tells_every_change_and_ends_with_the_order(
    client: Client, pool: Database
) -> None:
    order_id = await place(client)
    following = asyncio.create_task(client.get(f"/v1/orders/{order_id}/events"))
    for fact in leading_to("delivered", order_id):
        await advance(pool, order_id, fact)
    async with asyncio.timeout(10):
        answer = await following

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    told = events_in(answer.text)
    assert [one[0] for one in told] == [1, 2, 3, 4, 5, 6]
    assert {one[1] for one in told} == {"status"}
    words = [one[2]["status"] for one in told]
    assert words == ["pending", "pending", "confirmed", "confirmed", "shipped", "delivered"]
    assert told[1][2]["payment"] == {"status": "captured"}
    assert told[5][2]["fulfilment"] == {"status": "delivered"}


async def test_a_stream_goes_on_after_the_last_event_it_told(
    client: Client, pool: Database
) -> None:
    order_id = await place(client)
    await advance(pool, order_id, *leading_to("rejected", order_id))
    url = f"/v1/orders/{order_id}/events"

    resumed = await client.get(url, headers={"Last-Event-ID": "2"})
    over = await client.get(url, headers={"Last-Event-ID": "3"})
    wrong = await client.get(url, headers={"Last-Event-ID": "x"})

    assert [one[0] for one in events_in(resumed.text)] == [3]
    assert (over.status_code, over.content) == (204, b"")
    assert problem_of(wrong) == (422, "validation-failed")
    assert problem_of(await client.get("/v1/orders/ord_0/events")) == (404, "not-found")


async def test_an_idle_stream_says_that_it_lives(
    client: Client, pool: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(stream, "STREAM_S_MAX", 0.3)
    order_id = await place(client)

    answer = await client.get(f"/v1/orders/{order_id}/events")

    assert ": still here" in answer.text
    assert [one[0] for one in events_in(answer.text)] == [1]


async def test_only_so_many_streams_are_open(client: Client, app: FastAPI, pool: Database) -> None:
    order_id = await place(client)
    url = f"/v1/orders/{order_id}/events"
    following = [asyncio.create_task(client.get(url)) for _ in range(2)]

    async def both_are_counted() -> bool:
        return streams_of(app) == 2

    await eventually(both_are_counted, "both streams are open")
    answer = await client.get(url)
    assert problem_of(answer) == (503, "too-many-streams")
    assert answer.headers["retry-after"] == "5"
    await advance(pool, order_id, *leading_to("rejected", order_id))
    assert {one.status_code for one in await asyncio.gather(*following)} == {200}
    assert (await client.get(url)).status_code == 200
