"""The receivers that partners copy, run as they would run them, and sent what comes in earnest."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.support.webhook_signing import KEY, NEW_KEY, secret_of, signed_headers
from tests.unit.partners.node import node

SAMPLES = Path(__file__).parents[3] / "docs" / "partners"
TIMEOUT_S = 30
BODY_BYTES_MAX = 1024 * 1024
LISTENING = "listening on "
each_receiver = pytest.mark.parametrize("language", ["python", "node"])


@dataclass
class Receiver:
    """A sample that listens at ``url``."""

    url: str
    process: asyncio.subprocess.Process

    async def post(self, body: bytes, headers: dict[str, str]) -> int:
        timeout = aiohttp.ClientTimeout(TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(self.url, data=body, headers=headers) as answer,
        ):
            return answer.status

    async def tell(self, sequence: int, *keys: bytes, late_s: int = 0, event_id: str = "") -> int:
        """Deliver an order's event of that number, signed as of so many seconds ago."""
        body = an_event(sequence)
        event_id = event_id or f"evt_{sequence}"
        return await self.post(body, signed_headers(event_id, now_s() - late_s, body, *keys))

    async def ended(self) -> tuple[list[str], str]:
        """The lines it printed, and what it complained of, when it ended by itself with 0."""
        async with asyncio.timeout(TIMEOUT_S):
            out, errors = await self.process.communicate()
        assert self.process.returncode == 0
        return out.decode().splitlines(), errors.decode()


def now_s() -> int:
    return int(time.time())


def an_event(sequence: int) -> bytes:
    event = {
        "id": f"evt_{sequence}",
        "type": "fulfilment.shipment-dispatched.v1",
        "timestamp": "2026-11-30T10:00:00.000Z",
        "order_id": "ord_1",
        "sequence": sequence,
        "data": {"carrier": "Økspedition", "complete": True},
        "added_later": None,
    }
    return json.dumps(event, ensure_ascii=False).encode()


def command_of(language: str) -> list[str]:
    if language == "python":
        return [sys.executable, str(SAMPLES / "receive_webhooks.py")]
    return [node(), str(SAMPLES / "receive-webhooks.mjs")]


@asynccontextmanager
async def receiving(
    language: str, count: int, secret: str = secret_of(KEY)
) -> AsyncIterator[Receiver]:
    """The sample on a free port, gone afterwards however the test ends."""
    process = await asyncio.create_subprocess_exec(
        *command_of(language),
        *("--port", "0", "--count", str(count)),
        env={"WEBHOOK_SECRET": secret, "PYTHONUTF8": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(TIMEOUT_S):
            first = (await process.stderr.readline()).decode().strip()
        assert first.startswith(LISTENING), first
        yield Receiver(first.removeprefix(LISTENING), process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def numbers(lines: Sequence[str]) -> list[str]:
    return [line.split(" ", 3)[1] for line in lines]


@each_receiver
async def test_every_event_is_printed_once_however_often_it_comes(language: str) -> None:
    async with receiving(language, count=3) as receiver:
        statuses = [await receiver.tell(sequence) for sequence in (1, 2, 1, 2, 2, 3)]
        lines, errors = await receiver.ended()

    assert statuses == [204] * 6
    assert numbers(lines) == ["#1", "#2", "#3"]
    assert errors == ""


@each_receiver
async def test_a_line_tells_the_order_its_number_the_type_and_the_data(language: str) -> None:
    async with receiving(language, count=1) as receiver:
        await receiver.tell(7)
        (line,), _ = await receiver.ended()

    order_id, number, event_type, data = line.split(" ", 3)
    assert (order_id, number) == ("ord_1", "#7")
    assert event_type == "fulfilment.shipment-dispatched.v1"
    assert json.loads(data) == {"carrier": "Økspedition", "complete": True}


@each_receiver
async def test_copies_that_come_at_once_are_one_event(language: str) -> None:
    async with receiving(language, count=2) as receiver:
        statuses = await asyncio.gather(*(receiver.tell(1) for _ in range(16)))
        await receiver.tell(2)
        lines, _ = await receiver.ended()

    assert statuses == [204] * 16
    assert numbers(lines) == ["#1", "#2"]


@each_receiver
async def test_during_a_rotation_either_secret_will_do(language: str) -> None:
    for secret in (KEY, NEW_KEY):
        async with receiving(language, count=1, secret=secret_of(secret)) as receiver:
            assert await receiver.tell(1, NEW_KEY, KEY) == 204


@each_receiver
async def test_what_is_not_genuine_is_refused_and_leaves_no_trace(language: str) -> None:
    """A refusal is not remembered: the genuine event under the same id still comes through."""
    async with receiving(language, count=1) as receiver:
        refused = [
            await receiver.tell(1, NEW_KEY),
            await receiver.tell(1, late_s=400),
            await receiver.tell(1, late_s=-400),
            await receiver.post(an_event(2), signed_headers("evt_1", now_s(), an_event(1))),
            await receiver.post(an_event(1), {}),
            await receiver.post(an_event(1), {"webhook-signature": "v1"}),
        ]
        assert await receiver.tell(1) == 204
        lines, errors = await receiver.ended()

    assert refused == [400] * 6
    assert numbers(lines) == ["#1"]
    assert [line.startswith("refused: ") for line in errors.splitlines()] == [True] * 6


@each_receiver
async def test_an_event_that_could_not_be_handled_is_not_remembered(language: str) -> None:
    broken = b'{"id": "evt_1", '
    async with receiving(language, count=1) as receiver:
        assert await receiver.post(broken, signed_headers("evt_1", now_s(), broken)) == 500
        assert await receiver.tell(1) == 204
        lines, errors = await receiver.ended()

    assert numbers(lines) == ["#1"]
    assert errors.startswith("not handled: ")


@each_receiver
async def test_a_body_has_a_largest_size(language: str) -> None:
    largest = an_event(1).ljust(BODY_BYTES_MAX)
    async with receiving(language, count=1) as receiver:
        assert await announce(receiver, len(largest) + 1) == 413
        assert await receiver.post(largest, signed_headers("evt_1", now_s(), largest)) == 204
        lines, _ = await receiver.ended()

    assert numbers(lines) == ["#1"]


async def announce(receiver: Receiver, length: int) -> int:
    """The answer to a body of which only the length is sent."""
    host, port = receiver.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        head = f"POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(TIMEOUT_S):
            status_line = await reader.readline()
    finally:
        writer.close()
    return int(status_line.split()[1])


@each_receiver
async def test_a_huge_header_ends_nothing(language: str) -> None:
    async with receiving(language, count=1) as receiver:
        huge = {"webhook-signature": "v1," + "A" * 100_000}
        assert await receiver.post(an_event(1), huge) == 431
        assert await receiver.tell(1) == 204


@each_receiver
@pytest.mark.parametrize("secret", ["", "whsec_", "secret"])
async def test_a_receiver_without_a_secret_does_not_start(language: str, secret: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(*command_of(language), "--port", "0"),
        env={"WEBHOOK_SECRET": secret},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode != 0
    assert LISTENING not in errors.decode()
