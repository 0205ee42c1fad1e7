"""Orders by HTTP: kept connections, one request at a time on each, and every answer heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from local_runtime.simulators.serving import serving

from tests.bench import http_door
from tests.bench.http_door import HttpDoor
from tests.bench.orders import Order
from tests.support.waiting import eventually


class Orders:
    """Answers what the path says, and remembers who asked how."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.bodies: list[bytes] = []
        self.clients: set[str] = set()
        self.status = 201
        self.cuts = 0
        self.open_after = 1_000
        self.held = asyncio.Event()
        self.held.set()

    async def post(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        self.bodies.append(await request.read())
        peer = request.transport.get_extra_info("peername") if request.transport else ""
        self.clients.add(str(peer))
        if self.cuts and request.transport:
            self.cuts -= 1
            request.transport.close()
        await self.held.wait()
        status = 201 if len(self.keys) > self.open_after else self.status
        return web.json_response({}, status=status)


@asynccontextmanager
async def a_door() -> AsyncIterator[tuple[HttpDoor, Orders, list[tuple[str, int]]]]:
    orders, heard = Orders(), list[tuple[str, int]]()
    application = web.Application()
    application.add_routes([web.post("/v1/orders", orders.post)])
    async with serving(application) as url:
        door = HttpDoor(url, lambda reference, status, at: heard.append((reference, status)))
        await door.open(2)
        try:
            yield door, orders, heard
        finally:
            await door.close()


def place(door: HttpDoor, *references: str) -> None:
    for one in references:
        door.place(Order(one, f'"{one}"'.encode()), 0.0)


async def all_heard(heard: list[tuple[str, int]], count: int) -> None:
    async def look() -> bool:
        return len(heard) == count

    await eventually(look, f"{count} answers")


async def test_every_order_is_asked_for_once_under_its_reference() -> None:
    async with a_door() as (door, orders, heard):
        wanted = [f"b-{number}" for number in range(50)]
        place(door, *wanted)
        await all_heard(heard, 50)

        assert sorted(heard) == sorted((one, 201) for one in wanted)
        assert sorted(orders.keys) == sorted(wanted)
        assert orders.bodies == [f'"{one}"'.encode() for one in orders.keys]


async def test_a_connection_is_used_again() -> None:
    async with a_door() as (door, orders, heard):
        for number in range(10):
            place(door, f"b-{number}")
            await all_heard(heard, number + 1)

        assert len(orders.clients) == 1


async def test_orders_at_the_same_time_have_connections_of_their_own() -> None:
    async with a_door() as (door, orders, heard):
        orders.held.clear()
        place(door, *(f"b-{number}" for number in range(20)))

        async def all_came() -> bool:
            return len(orders.keys) == 20

        await eventually(all_came, "20 requests at once")
        orders.held.set()
        await all_heard(heard, 20)

        assert len(orders.clients) == 20


async def test_a_refusal_is_heard_with_its_status() -> None:
    async with a_door() as (door, orders, heard):
        orders.status = 422
        place(door, "b-1")
        await all_heard(heard, 1)

        assert heard == [("b-1", 422)]


@pytest.mark.parametrize("status", [409, 429, 503])
async def test_who_is_told_to_come_back_does_so_under_the_same_key(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_door, "AGAIN_AFTER_S", 0.01)
    async with a_door() as (door, orders, heard):
        orders.status, orders.open_after = status, 2
        place(door, "b-1")
        await all_heard(heard, 1)

        assert heard == [("b-1", 201)]
        assert orders.keys == ["b-1"] * 3
        assert door.told_again == 2


async def test_an_order_on_a_connection_that_is_cut_is_asked_for_again_under_its_key() -> None:
    async with a_door() as (door, orders, heard):
        orders.cuts = 1
        place(door, "b-1")
        await all_heard(heard, 1)

        assert heard == [("b-1", 201)]
        assert orders.keys == ["b-1", "b-1"]


async def test_an_order_that_finds_nobody_is_heard_of_too() -> None:
    heard: list[tuple[str, int]] = []
    door = HttpDoor(
        "http://127.0.0.1:9", lambda reference, status, at: heard.append((reference, status))
    )

    place(door, "b-1")

    await all_heard(heard, 1)
    assert heard == [("b-1", 0)]
