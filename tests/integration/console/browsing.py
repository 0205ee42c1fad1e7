"""Somebody at the console's pages, without a browser: the application in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from asyncpg import Pool, Record

from tests.integration.console.services import FakeServices
from tests.support.in_process import Transport, app_of

JSON = {"format": "json"}


@asynccontextmanager
async def browser(
    pool: "Pool[Record]", services: FakeServices
) -> AsyncIterator[httpx2.AsyncClient]:
    app = app_of("console", pool, **services.settings, look_interval_s=0.2)
    transport = Transport(app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers={"Accept": "text/html"}
    ) as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


async def told(client: httpx2.AsyncClient, path: str, **query: str) -> Any:
    answer = await client.get(path, params={**query, **JSON})
    assert answer.status_code == 200, answer.text
    return answer.json()
