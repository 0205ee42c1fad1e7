"""A pool whose connections are all in use: who writes is told so soon, and may come again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.in_process import app_of, client_of, problem_of
from tests.unit.shared.bodies import JSON, ROUTES

TOLD_WITHIN_S = 2.0


class NoneFree:
    """Every connection is somebody's, and stays so; as asyncpg's, it waits as long as asked."""

    @asynccontextmanager
    async def acquire(self, **waiting: float | None) -> AsyncIterator[Any]:
        async with asyncio.timeout(waiting.get("timeout")):
            await asyncio.get_running_loop().create_future()
        yield


@pytest.mark.parametrize("route", [one for one in ROUTES if "ops" not in one[1]], ids="".join)
async def test_who_writes_is_answered_503_within_a_second_or_so(route: tuple[str, str]) -> None:
    service, path = route
    app = app_of(service, NoneFree())  # type: ignore[arg-type]
    async with client_of(app) as http:
        started_at = time.monotonic()
        async with asyncio.timeout(TOLD_WITHIN_S * 2):
            answer = await http.post(path, json=ROUTES[route], headers=JSON)

    assert problem_of(answer) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    assert time.monotonic() - started_at < TOLD_WITHIN_S
