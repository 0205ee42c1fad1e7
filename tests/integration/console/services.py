"""The four services as the console sees them: answers by path, and what it asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

METRICS = 'orderproof_consumer_lag_seconds{consumer="payments"} 0.0\n'
EMPTY: dict[str, Any] = {
    "/ops/work": {"kinds": [], "oldest": []},
    "/ops/dead-letters": {"dead_letters": []},
    "/v1/payments": {"payments": []},
    "/v1/ledger-entries": {"entries": [], "next_cursor": None},
    "/v1/fulfilment-orders": {"fulfilment_orders": []},
    "/v1/messages": {"messages": []},
    "/ops/partner-deliveries": {"deliveries": [], "next_cursor": None},
    "/metrics": METRICS,
}


@dataclass
class FakeServices:
    """``answers`` is by service and path; a status in place of an answer is an error, and a
    function makes one of the body.
    """

    url: str = ""
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str, str | None, Any]] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, tuple[str, ...]]:
        names = ("orders", "payments", "inventory", "notifications")
        return {f"{one}_urls": (f"{self.url}/{one}",) for one in names}

    @property
    def posted(self) -> list[tuple[str, str, str | None, Any]]:
        """Service, path and query as they came, operator and body of all that was to be done."""
        return [one[1:] for one in self.asked if one[0] != "GET"]

    async def answer(self, request: web.Request) -> web.Response:
        service, path = request.match_info["service"], "/" + request.match_info["path"]
        body = await request.json() if request.can_read_body else None
        operator = request.headers.get("X-Operator")
        full = request.raw_path.removeprefix(f"/{service}")
        self.asked.append((request.method, service, full, operator, body))
        found = self.answers.get((service, path), EMPTY.get(path, 404))
        if callable(found):
            found = found(body)
        if isinstance(found, int):
            return web.json_response({"detail": f"refused with {found}"}, status=found)
        return web.Response(text=found) if isinstance(found, str) else web.json_response(found)


@asynccontextmanager
async def fake_services() -> AsyncIterator[FakeServices]:
    fake = FakeServices()
    application = web.Application()
    application.router.add_route("*", "/{service}/{path:.*}", fake.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = str(site.name)
    yield fake
    await runner.cleanup()
