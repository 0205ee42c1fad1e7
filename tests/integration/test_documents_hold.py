"""What the OpenAPI documents say is true of the running services: schemathesis finds no lie."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from shared.database.migrate import migrate
from shared.database.pool import open_pool

from tests.support.in_process import app_of, served
from tests.support.wiring import SERVICES

RULES = Path(__file__).with_name("schemathesis.toml")
EXAMPLES_MAX = 8
SEED = 20101201
RUN_S_MAX = 100


@pytest.mark.timeout(RUN_S_MAX + 30)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_as_its_document_says(
    service: str, database: Callable[[str], Awaitable[str]]
) -> None:
    async with with_database(service, await database(service)) as url:
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
async def with_database(service: str, dsn: str) -> AsyncIterator[str]:
    """The address of the service's application, its database behind it."""
    pool = await open_pool(dsn, f"{service}-documents", connections_max=10)
    async with pool.acquire() as db:
        await migrate(db, service)
    async with served(app_of(service, pool)) as url:
        yield url
    await pool.close()
