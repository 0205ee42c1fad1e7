"""As processes they start on a free port, survive a kill with their file, and stop when asked."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from local_runtime.simulators.provider import main

from tests.unit.simulators.clients import Client

PROVIDER = ("provider", "--port", "0", "--book")
MAIL_SINK = ("mail_sink", "--smtp-port", "0", "--http-port", "0")


@asynccontextmanager
async def a_process(name: str, *options: str) -> AsyncIterator[Process]:
    module = f"local_runtime.simulators.{name}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *options, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def announced(process: Process, pattern: str) -> str:
    """What the line a simulator starts with says of its address."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    found = re.search(pattern, line)
    assert found is not None, line
    return found[1]


@asynccontextmanager
async def a_client(process: Process) -> AsyncIterator[Client]:
    url = await announced(process, r"(http://127\.0\.0\.1:\d+)")
    async with aiohttp.ClientSession(url) as session:
        yield Client(session)


async def stopped_cleanly(process: Process) -> bool:
    process.terminate()
    assert process.stderr is not None
    return await process.wait() == 0 and await process.stderr.read() == b""


async def test_they_survive_a_kill_and_stop_cleanly_with_connections_open(tmp_path: Path) -> None:
    book = str(tmp_path / "book.jsonl")
    async with a_process(*MAIL_SINK) as mail_sink, a_process(*PROVIDER, book) as killed:
        async with a_client(killed) as client:
            first = await client.charge()
        killed.kill()

        async with a_process(*PROVIDER, book) as provider, a_client(provider) as client:
            assert (await client.charge()).raw == first.raw
            await client.charge_in_vain("tok_timeout_done", "k2")
            await client.charge_in_vain("tok_timeout_done_late", "k3")
            assert await stopped_cleanly(provider)

        smtp_port = int(await announced(mail_sink, r"smtp 127\.0\.0\.1:(\d+)"))
        reader, writer = await asyncio.open_connection("127.0.0.1", smtp_port)
        assert (await reader.readline()).startswith(b"220 ")
        assert await stopped_cleanly(mail_sink)
        writer.close()


def test_webhooks_are_never_sent_unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["provider", "--port", "0", "--webhook-url", "http://127.0.0.1:9"]
    monkeypatch.setattr(sys, "argv", options)

    with pytest.raises(SystemExit) as caught:
        main()

    assert caught.value.code == 2
