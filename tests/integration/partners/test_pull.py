"""Reading by cursor: everything once and in order, whoever writes meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import httpx2
import pytest
from notifications.partners import reading
from notifications.partners.store import log
from shared.clock import rfc3339
from shared.database import Db
from shared.http.paging import cursor_after

from tests.support.fulfilment import delivered, dispatched, life_of, opened
from tests.support.partner_world import PartnerWorld

EVENTS = "/v1/fulfilment-events"
WRITERS, BATCHES = 3, 25
Headers = dict[str, str]
SPOILERS: list[Callable[[str], str]] = [
    lambda cursor: cursor[:-1],
    lambda cursor: cursor + "A",
    lambda cursor: cursor + "=",
    lambda cursor: cursor.swapcase(),
    lambda _: "%00",
    lambda _: "1",
    lambda _: reading.cursor_of(10**17),
    lambda _: reading.cursor_of(-1),
    lambda _: cursor_after("\u0663", {}),
    lambda _: cursor_after("1" * 30, {}),
    lambda _: cursor_after("1", {"order_id": "ord_1"}),
]


async def page(world: PartnerWorld, key: Headers, **question: Any) -> dict[str, Any]:
    answer = await world.http.get(EVENTS, params=question, headers=key)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def refused(world: PartnerWorld, key: Headers, **question: Any) -> httpx2.Response:
    return await world.http.get(EVENTS, params=question, headers=key)


async def read_on(world: PartnerWorld, key: Headers, count: int, **more: Any) -> list[str]:
    """Ids by long poll from the beginning, until so many have come or a poll brings none."""
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while len(seen) < count:
        found = await page(world, key, limit=7, wait_s=2, **cursor, **more)
        seen += [one["id"] for one in found["events"]]
        cursor = {"after": found["next_cursor"]}
        if not found["events"] and not found["has_more"]:
            break
    return seen


async def write_and_follow(world: PartnerWorld) -> tuple[list[str], list[str]]:
    """What three instances write at once, and what one reader sees of it meanwhile."""
    key = await world.add_partner("north")
    async with AsyncExitStack() as stack:
        writers = [
            await stack.enter_async_context(world.another(f"w{number}"))
            for number in range(WRITERS)
        ]
        reader = asyncio.create_task(read_on(world, key, WRITERS * BATCHES * 2))

        async def write(number: int) -> None:
            for batch in range(BATCHES):
                order_id = f"ord_{number}_{batch}"
                await writers[number].tell(opened(order_id), dispatched(order_id))

        await asyncio.gather(*(write(number) for number in range(WRITERS)))
        seen = await reader
    rows = await world.fetch("SELECT event_id FROM partner_events ORDER BY position")
    return seen, [row["event_id"] for row in rows]


async def test_nothing_is_skipped_while_three_write_and_one_follows(world: PartnerWorld) -> None:
    seen, kept = await write_and_follow(world)

    assert len(kept) == WRITERS * BATCHES * 2
    assert seen == kept


async def test_that_is_noticed_when_positions_do_not_come_in_the_order_of_commits(
    world: PartnerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Callable[[], Awaitable[None]]] = []
    number = 0

    async def take_in_a_transaction_of_its_own(_: Db, count: int) -> int:
        nonlocal number
        async with world.pool.acquire() as other:
            first: int = await other.fetchval(log._TAKE, count)
        number += 1
        if number == 2:
            # The batch after this one commits first, and its positions are higher.
            await late.pop()()
        return first

    async def overtake() -> None:
        await world.tell(opened("ord_3"))
        cursors.append((await page(world, key))["next_cursor"])

    cursors: list[str] = []
    key = await world.add_partner("north")
    late.append(overtake)
    monkeypatch.setattr(log, "take_positions", take_in_a_transaction_of_its_own)
    await world.tell(opened("ord_1"))
    [missed] = await world.tell(opened("ord_2"))
    after = await page(world, key, after=cursors[0])

    assert len((await page(world, key))["events"]) == 3
    assert missed not in [one["id"] for one in after["events"]]


async def test_pages_have_everything_once_and_in_order(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    orders = [f"ord_{number}" for number in range(8)]
    await world.tell(*[event for one in orders for event in life_of(one)])
    rows = await world.fetch("SELECT event_id FROM partner_events ORDER BY position")
    ids = [row["event_id"] for row in rows]
    assert len(ids) == 32
    for limit in (1, 7, 32, 500):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        for _ in range(40):
            found = await page(world, key, limit=limit, **cursor)
            assert len(found["events"]) <= limit
            seen += [one["id"] for one in found["events"]]
            cursor = {"after": found["next_cursor"]}
            if not found["has_more"]:
                break
        assert seen == ids
        assert (await page(world, key, **cursor))["events"] == []


async def test_pages_are_bounded_by_bytes_and_positions_and_go_on_behind(
    world: PartnerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PAGE_BYTES_MAX", 600)
    monkeypatch.setattr(reading, "POSITIONS_MAX", 5)
    key = await world.add_partner("north")
    south = await world.add_partner("south", seller_id="seller-beta")
    ids = [(await world.tell(opened(f"ord_{n}")))[0] for n in range(12)]
    [own] = await world.tell(opened("ord_x", "seller-beta"))

    assert await read_on(world, key, 13) == [*ids, own]
    assert await read_on(world, south, 1) == [own]
    assert len((await page(world, key))["events"]) < 5
    empty = await page(world, south)
    assert (empty["events"], empty["has_more"]) == ([], True)


async def test_a_poll_ends_when_something_comes_and_not_before(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    began = monotonic()
    empty = await page(world, key, wait_s=0.3)
    assert monotonic() - began >= 0.3
    assert (empty["events"], empty["has_more"]) == ([], False)

    began = monotonic()
    polls = [
        asyncio.create_task(page(world, key, after=empty["next_cursor"], wait_s=30))
        for _ in range(20)
    ]
    [event_id] = await world.tell(opened("ord_1"))
    for found in await asyncio.gather(*polls):
        assert [one["id"] for one in found["events"]] == [event_id]
    assert monotonic() - began < 10


async def test_a_poll_waits_on_while_only_others_events_come(world: PartnerWorld) -> None:
    key = await world.add_partner("north", seller_id="seller-alpha")
    poll = asyncio.create_task(page(world, key, wait_s=30))
    await world.tell(opened("ord_1"), opened("ord_2", "seller-beta"))
    [event_id] = await world.tell(opened("ord_3", "seller-alpha"))

    assert [one["id"] for one in (await poll)["events"]] == [event_id]


async def test_types_can_be_asked_for_and_unknown_ones_are_refused(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    told = await world.tell(*life_of("ord_1"))
    types = ["fulfilment.shipment-dispatched.v1", "fulfilment.shipment-delivered.v1"]

    assert await read_on(world, key, 2, event_type=types) == [told[1], told[3]]
    narrow = await world.add_partner("south", event_types=types[:1])
    assert await read_on(world, narrow, 1) == [told[1]]
    assert (await refused(world, key, event_type="order.placed.v1")).status_code == 422


async def test_since_begins_with_the_first_that_was_recorded_then(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    await world.tell(opened("ord_1"), opened("ord_2"))
    world.clock.move(timedelta(hours=1))
    since = datetime.now(UTC) + timedelta(minutes=30)
    late = await world.tell(opened("ord_3"), opened("ord_4"))

    assert sorted(await read_on(world, key, 2, since=rfc3339(since))) == sorted(late)
    future = rfc3339(since + timedelta(days=1))
    assert (await page(world, key, since=future))["events"] == []
    assert len((await page(world, key, since="2000-01-01T00:00:00Z"))["events"]) == 4
    for given in ("2026-11-30T12:00:00", "yesterday", ""):
        assert (await refused(world, key, since=given)).status_code == 422


@pytest.mark.parametrize("since", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_since_may_be_any_time_that_can_be_written(world: PartnerWorld, since: str) -> None:
    key = await world.add_partner("north")
    told = await world.register(key, "https://93.184.215.14/")
    await world.tell(opened("ord_1"))
    pulled = await refused(world, key, since=since)
    place = f"/v1/webhook-endpoints/{told['endpoint_id']}/replay"
    replayed = await world.http.post(place, json={"since": since}, headers=key)

    assert (pulled.status_code, replayed.status_code) in ((200, 202), (422, 422))


async def test_since_skips_nothing_where_a_transaction_waited_for_its_turn(
    world: PartnerWorld,
) -> None:
    key = await world.add_partner("north")
    ids = [(await world.tell(opened(f"ord_{number}")))[0] for number in range(4)]
    # The second pair began first, and appended when the first pair had committed.
    moment = datetime.now(UTC)
    for position, age_s in ((1, 1), (2, 1), (3, 3), (4, 3)):
        statement = "UPDATE partner_events SET recorded_at = $2 WHERE position = $1"
        await world.fetch(statement, position, moment - timedelta(seconds=age_s))
    found = await page(world, key, since=rfc3339(moment - timedelta(seconds=2)))

    assert [one["id"] for one in found["events"]] == ids


async def test_a_cursor_that_is_not_ours_is_refused(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    await world.tell(opened("ord_1"), opened("ord_2"))
    cursor = (await page(world, key, limit=1))["next_cursor"]
    for spoil in SPOILERS:
        answer = await refused(world, key, after=spoil(cursor))
        assert answer.status_code == 400, spoil(cursor)
        assert "invalid-cursor" in answer.json()["type"]


async def drop(world: PartnerWorld, keep: timedelta) -> Sequence[str]:
    async with world.pool.acquire() as db, db.transaction():
        return await log.keep_partitions(db, await world.clock.now(db), keep, 2)


async def test_a_cursor_before_what_was_dropped_says_where_to_go_on(world: PartnerWorld) -> None:
    key = await world.add_partner("north")
    start = (await page(world, key))["next_cursor"]
    await world.tell(opened("ord_1"), opened("ord_2"))
    at_the_edge = (await page(world, key))["next_cursor"]
    world.clock.move(timedelta(weeks=5))
    [kept] = await world.tell(delivered("ord_1"))
    await drop(world, timedelta(weeks=4))
    answer = await refused(world, key, after=start)

    assert answer.status_code == 410
    assert "cursor-expired" in answer.json()["type"]
    for cursor in (answer.json()["earliest_cursor"], at_the_edge):
        assert [one["id"] for one in (await page(world, key, after=cursor))["events"]] == [kept]
    for more in ({}, {"since": "2000-01-01T00:00:00Z"}):
        assert [one["id"] for one in (await page(world, key, **more))["events"]] == [kept]
    world.clock.move(timedelta(weeks=9))
    await drop(world, timedelta(weeks=4))
    empty = await page(world, key)
    assert (empty["events"], empty["has_more"]) == ([], False)
    assert (await refused(world, key, after=at_the_edge)).status_code == 410
    [late] = await world.tell(opened("ord_3"))
    assert [
        one["id"] for one in (await page(world, key, after=empty["next_cursor"]))["events"]
    ] == [late]
