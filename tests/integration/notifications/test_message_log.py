"""The message log over HTTP tells what was sent, and no address."""

import httpx2
from fastapi import FastAPI
from notifications.api import routes
from shared.http import problem
from shared.service import Running

from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders


def client(service: Notifications) -> httpx2.AsyncClient:
    app = FastAPI()
    problem.install(app)
    running = Running(
        service.settings, service.pool, service.transactions.clock, service.transactions
    )
    for router in routes(running):
        app.include_router(router)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://n")


async def test_the_log_of_an_order_is_in_the_order_of_its_facts(service: Notifications) -> None:
    await service.tell(orders.placed("ord_1"), orders.confirmed("ord_1"), orders.placed("ord_2"))
    (row, _) = await service.lease()
    await service.sender.perform(row)
    async with client(service) as http:
        answer = await http.get("/v1/messages", params={"order_id": "ord_1"})

    first, second = answer.json()["messages"]
    assert answer.status_code == 200
    assert (first["kind"], first["state"], first["attempts"]) == ("order-placed", "sent", 1)
    assert (second["kind"], second["state"], second["attempts"]) == ("order-confirmed", "queued", 0)
    assert first["sent_at"] is not None
    assert second["sent_at"] is None


async def test_the_log_shows_neither_address_nor_text(service: Notifications) -> None:
    await service.tell(orders.placed())
    async with client(service) as http:
        answer = await http.get("/v1/messages", params={"order_id": "ord_1"})

    assert "example.com" not in answer.text
    assert "Lovelace" not in answer.text


async def test_an_order_never_placed_has_no_messages(service: Notifications) -> None:
    async with client(service) as http:
        answer = await http.get("/v1/messages", params={"order_id": "ord_9"})

    assert answer.json() == {"messages": []}


async def test_the_order_must_be_named(service: Notifications) -> None:
    async with client(service) as http:
        answer = await http.get("/v1/messages")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/order_id"
