"""A provider on a free port, and a client that speaks to it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from local_runtime.simulators.book import Book
from local_runtime.simulators.faults import ProviderFaults
from local_runtime.simulators.provider import create_app
from local_runtime.simulators.serving import serving
from local_runtime.simulators.webhooks import Target

T = TypeVar("T")
PATIENCE_S = 0.15
DEADLINE_S = 5.0


@dataclass(frozen=True)
class Reply:
    status: int
    raw: bytes
    replayed: bool

    @property
    def json(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> str:
        return str(self.json["error"])


@dataclass(frozen=True)
class Client:
    session: aiohttp.ClientSession

    async def post(
        self, path: str, body: object, key: str | None = None, patience_s: float = DEADLINE_S
    ) -> Reply:
        headers = {} if key is None else {"Idempotency-Key": key}
        timeout = aiohttp.ClientTimeout(total=patience_s)
        async with self.session.post(path, json=body, headers=headers, timeout=timeout) as response:
            replayed = response.headers.get("Idempotency-Replayed") == "true"
            return Reply(response.status, await response.read(), replayed)

    async def get(self, path: str, **query: str) -> Any:
        async with self.session.get(path, params=query) as response:
            return await response.json()

    async def charge(
        self,
        token: str = "tok_ok",
        key: str = "k1",
        patience_s: float = DEADLINE_S,
        **other: object,
    ) -> Reply:
        return await self.post("/v1/charges", a_charge(token) | other, key, patience_s)

    async def charge_in_vain(self, token: str = "tok_ok", key: str = "k1") -> None:
        """Charge where no answer is expected."""
        with pytest.raises((TimeoutError, aiohttp.ClientError)):
            await self.charge(token, key, PATIENCE_S)

    async def book(self) -> Any:
        return await self.get("/book")


def a_charge(token: str = "tok_ok") -> dict[str, object]:
    return {
        "order_id": "o1",
        "amount_minor": 1000,
        "currency": "EUR",
        "token": token,
        "capture": True,
    }


async def eventually(condition: Callable[[], Awaitable[T]], deadline_s: float = DEADLINE_S) -> T:
    """The condition's first true result."""
    async with asyncio.timeout(deadline_s):
        # What is awaited is another process's state, which no event of this loop announces.
        while not (result := await condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return result


@asynccontextmanager
async def a_provider(
    path: Path | None = None, faults: ProviderFaults | None = None, target: Target | None = None
) -> AsyncIterator[Client]:
    application = create_app(Book(path), faults, target)
    async with serving(application) as url, aiohttp.ClientSession(url) as session:
        yield Client(session)
