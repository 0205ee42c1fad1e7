"""Orders, inventory and provider as a replay sees them, in one process; it can be unwell."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Json = dict[str, Any]


@dataclass
class FakeSystem:
    """Every order is confirmed and captured at once, unless ``ends`` names its invoice.

    ``hiccups`` are answers given instead of doing anything, each once; "drop" cuts the
    connection after everything was done.
    """

    hiccups: list[tuple[int, Json, dict[str, str]] | str] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    answers: dict[str, tuple[int, Json]] = field(default_factory=dict)
    book: list[Json] = field(default_factory=list)
    on_hand: Counter[str] = field(default_factory=Counter)
    reserved: Counter[str] = field(default_factory=Counter)
    posts: int = 0
    url: str = ""

    @property
    def endpoints(self) -> Json:
        return dict.fromkeys(("orders", "inventory", "provider"), self.url)

    async def post(self, request: web.Request) -> web.Response:
        """A key is answered once; what comes again under it gets the same answer."""
        self.posts += 1
        hiccup = self.hiccups.pop(0) if self.hiccups else None
        if isinstance(hiccup, tuple):
            status, document, headers = hiccup
            return web.json_response(document, status=status, headers=headers)
        key = request.headers["Idempotency-Key"]
        if key not in self.answers:
            self.answers[key] = self._do(request.path, await request.json())
        if hiccup == "drop" and request.transport:
            request.transport.abort()
        status, document = self.answers[key]
        return web.json_response(document, status=status)

    async def order(self, request: web.Request) -> web.Response:
        return web.json_response(self.orders[request.match_info["order_id"]])

    async def listed(self, request: web.Request) -> web.Response:
        reference = request.query["client_reference"]
        found = [one for one in self.orders.values() if one["client_reference"] == reference]
        return web.json_response({"orders": found})

    async def stock(self, request: web.Request) -> web.Response:
        sku = request.match_info["sku"]
        on_hand, reserved = self.on_hand[sku], self.reserved[sku]
        level = {"on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved}
        return web.json_response(level)

    async def show_book(self, _: web.Request) -> web.Response:
        return web.json_response(self.book)

    def _do(self, path: str, body: Json) -> tuple[int, Json]:
        if path == "/v1/stock/receipts":
            for one in body["receipts"]:
                self.on_hand[one["sku"]] += one["quantity"]
            return 201, {}
        reference = body["client_reference"]
        known = {one["client_reference"] for one in self.orders.values()}
        if reference in known:
            return 409, {"type": "urn:problem:order-exists", "detail": "Placed already."}
        return 201, self.place(body)

    def place(self, body: Json) -> Json:
        """An order, decided at once."""
        order_id = f"ord_{len(self.orders) + 1}"
        status = self.ends.get(body["metadata"]["invoice"], "confirmed")
        reasons = ["payment-declined"] if status == "rejected" else []
        order = {**body, "order_id": order_id, "status": status, "reasons": reasons}
        self.orders[order_id] = order
        if status == "confirmed":
            self.book.append(an_operation(order_id, body["total_minor"]))
            for line in body["lines"]:
                self.reserved[line["sku"]] += line["quantity"]
        return order


def an_operation(order_id: str, amount_minor: int, op: str = "capture", ok: bool = True) -> Json:
    return {"op": op, "order_id": order_id, "amount_minor": amount_minor, "ok": ok}


@asynccontextmanager
async def serving(fake: FakeSystem) -> AsyncIterator[FakeSystem]:
    """The fake on a port of its own."""
    application = web.Application()
    application.add_routes(
        [
            web.post("/v1/{path:.*}", fake.post),
            web.get("/v1/orders", fake.listed),
            web.get("/v1/orders/{order_id}", fake.order),
            web.get("/v1/stock/{sku}", fake.stock),
            web.get("/book", fake.show_book),
        ]
    )
    async with TestServer(application) as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake
