"""What the OpenAPI documents say is true of the running services: schemathesis finds no lie."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from shared.database.migrate import migrate
from shared.database.pool import open_pool
from shared.http.server import new_server

from tests.support.in_process import app_of
from tests.support.waiting import eventually
from tests.support.wiring import EXAMPLE_SETTINGS, SERVICES, settings_of

RULES = Path(__file__).with_name("schemathesis.toml")
EXAMPLES_MAX = 8
SEED = 20101201
RUN_S_MAX = 100


@pytest.mark.timeout(RUN_S_MAX + 30)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_as_its_document_says(
    service: str, database: Callable[[str], Awaitable[str]]
) -> None:
    async with served(service, await database(service)) as url:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={RULES}",
            "run",
            f"{url}/openapi.json",
            "--phases=examples,coverage,fuzzing",
            f"--max-examples={EXAMPLES_MAX}",
            f"--seed={SEED}",
            "--request-timeout=10",
            "--no-color",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(RUN_S_MAX):
                told, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    assert process.returncode == 0, told.decode()


@asynccontextmanager
async def served(service: str, dsn: str) -> AsyncIterator[str]:
    """The service's application on a port of its own, with its database behind it."""
    pool = await open_pool(dsn, f"{service}-documents", connections_max=10)
    async with pool.acquire() as db:
        await migrate(db, service)
    listed = settings_of(service)
    assert listed is not None
    server = new_server(app_of(service, pool), listed(**{**EXAMPLE_SETTINGS, "http_port": 0}))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started, f"{service} started")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving
    await pool.close()
