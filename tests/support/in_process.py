"""A service's whole application in this process: every guard and route, without Kafka."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
from asyncpg import Pool, Record
from fastapi import FastAPI
from faststream.kafka import KafkaBroker
from shared.clock import Clock
from shared.http.app import new_app
from shared.http.ops import ops_routes
from shared.http.server import new_server
from shared.messaging.unit_of_work import Transactions
from shared.running import document_publishers, tick
from shared.service import Running
from shared.settings import ServiceSettings

from tests.support.waiting import eventually
from tests.support.wiring import EXAMPLE_SETTINGS, module_of, settings_of


class NoDatabase:
    """A pool whose server is away: what gets through to it is answered 503."""

    def acquire(self, **_: Any) -> Any:
        raise ConnectionRefusedError("no database")

    async def fetch(self, *_: Any) -> Any:
        self.acquire()

    fetchrow = fetchval = fetch


def app_of(service: str, pool: "Pool[Record] | None" = None, **settings: Any) -> FastAPI:
    """The application; without a ``pool``, only what is answered before the database is asked."""
    database: Any = pool or NoDatabase()
    listed, module = settings_of(service), module_of(service, "app")
    assert listed is not None
    assert module is not None
    read = listed(**{**EXAMPLE_SETTINGS, **settings})
    built = module.build(read)
    transactions: Transactions[Any] = Transactions(database, Clock(), built.unit_of_work)
    running = Running(read, database, transactions.clock, transactions)
    routers = [*built.routes(running), ops_routes(built, running)]
    broker = KafkaBroker("127.0.0.1:9092")
    document_publishers(built, broker, read.topic_prefix)
    app = new_app(service, read, routers, broker, built.guards, built.body_bytes_max)
    app.state.running, app.state.timers, app.state.close = running, built.timers, built.close
    return app


class Transport(httpx2.ASGITransport):
    """To an application of ``app_of``, which is closed with it, as a process closes it.

    An error of ours is an answer, not an exception.
    """

    def __init__(self, app: FastAPI) -> None:
        super().__init__(app=app, raise_app_exceptions=False)
        self._close = app.state.close

    async def aclose(self) -> None:
        await super().aclose()
        if self._close is not None:
            await self._close()


@asynccontextmanager
async def timer_of(app: FastAPI, name: str) -> AsyncIterator[None]:
    """One of the service's timers runs meanwhile."""
    timer = next(one for one in app.state.timers if one.name == name)
    task = asyncio.create_task(tick(timer, app.state.running))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(transport=Transport(app), base_url="http://localhost") as client:
        yield client


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The application's address on a port of its own, while a real server serves it."""
    settings: ServiceSettings = app.state.running.settings
    server = new_server(app, settings.model_copy(update={"http_port": 0}))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, "the server started")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving
    if app.state.close is not None:
        await app.state.close()


def problem_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and name of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert found["status"] == answer.status_code
    return answer.status_code, found["type"].removeprefix("urn:problem:")
