"""A way to the orders service that loses answers: what a storefront's retries are tried on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

BUSY_S = 1
RESPONSE_HEADERS = ("Content-Type", "Location", "Retry-After", "Idempotency-Replayed")


@dataclass
class LossyFront:
    """Passes all on, but for the first placings: see ``_trouble``."""

    target: str
    http: aiohttp.ClientSession
    url: str = ""
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    answers: list[tuple[int, bool]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if (request.method, request.path) != ("POST", "/v1/orders"):
            return await self._pass_on(request, body)
        self.sent.append((request.headers["Idempotency-Key"], body))
        self.sent_at.append(asyncio.get_running_loop().time())
        trouble = self._trouble(len(self.sent))
        if trouble is not None:
            return trouble
        answer = await self._pass_on(request, body)
        self.answers.append((answer.status, "Idempotency-Replayed" in answer.headers))
        if len(self.sent) == 1:
            assert request.transport is not None
            request.transport.abort()
        return answer

    def _trouble(self, number: int) -> web.Response | None:
        """The first answer is lost; then 503, 429 and 409 ask for time; the fifth goes through."""
        names = {2: (503, "overloaded"), 3: (429, "rate-limited")}
        names[4] = (409, "idempotency-in-progress")
        if number not in names:
            return None
        status, name = names[number]
        return web.json_response(
            {"type": f"urn:problem:{name}", "status": status},
            status=status,
            headers={"Retry-After": str(BUSY_S)},
            content_type="application/problem+json",
        )

    async def _pass_on(self, request: web.Request, body: bytes) -> web.Response:
        kept = {"Host", "Content-Length", "Connection", "Transfer-Encoding"}
        headers = {name: value for name, value in request.headers.items() if name not in kept}
        async with self.http.request(
            request.method, self.target + request.path_qs, data=body or None, headers=headers
        ) as answer:
            told = {one: answer.headers[one] for one in RESPONSE_HEADERS if one in answer.headers}
            return web.Response(body=await answer.read(), status=answer.status, headers=told)


@asynccontextmanager
async def lossy_front(target: str, http: aiohttp.ClientSession) -> AsyncIterator[LossyFront]:
    front = LossyFront(target, http)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", front.handle)
    runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        front.url = "http://{}:{}".format(*runner.addresses[0][:2])
        yield front
    finally:
        await runner.cleanup()
