"""The commands of the pages for operators, run as they stand there, against a running shop."""

import asyncio
import re
import shlex
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from shared.contracts import topics

from tests.support.corpora import corpus
from tests.support.shop import Shop
from tests.support.waiting import eventually

DOCS = Path(__file__).parents[2] / "docs"
INVOICES_MAX = 3  # Of the page's many: what the page says is tested, not how much.


def commands(page: str, name: str) -> list[str]:
    """The lines of the page's shell blocks that call ``orderproof name``."""
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [line for line in lines if line.startswith(f"orderproof {name} ")]
    assert found, f"{page} shows no orderproof {name}"
    return found


@pytest.mark.parametrize("command", commands("operations.md", "dead-letters"))
async def test_a_command_for_dead_letters_does_what_it_says(shop: Shop, command: str) -> None:
    """The number in the page becomes that of a record which is really parked."""
    key = f"ord_{uuid4().hex}"
    await shop.produce(topics.ORDERS, b"{", _headers(), key.encode())
    parked = await eventually(lambda: _parked(shop, key), f"{key} parked in payments") or {}
    words = [str(parked["id"]) if one == "17" else one for one in _words(command)]

    code, told = await _run(shop, words)

    try:
        # What is no JSON stays none: running it again fails, and the command says so.
        assert code == (1 if " redrive payments " in command else 0), told
    finally:
        await _discard(shop, key)


@pytest.mark.parametrize("command", commands("replay.md", "replay"))
async def test_a_command_for_replay_places_the_invoices(
    shop: Shop, command: str, tmp_path: Path
) -> None:
    file = tmp_path / "online_retail.csv"
    file.write_bytes(corpus("online_retail.csv").read_bytes())
    words = [str(file) if one == file.name else one for one in _words(command)]
    prefix = ["--prefix", shop.system.config.topic_prefix]

    code, told = await _run(shop, [*words, "--limit", str(INVOICES_MAX), *prefix])

    assert code == 0, told


def _words(command: str) -> list[str]:
    return shlex.split(command, comments=True)[1:]


def _headers() -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", uuid4().hex.encode()),
        ("ce_type", b"orders.order-expired.v1"),
        ("ce_source", b"/orderproof/orders.events.v1"),
        ("ce_sequence", b"0000000001"),
        ("content-type", b"application/json"),
    ]


async def _parked(shop: Shop, key: str, service: str = "payments") -> dict[str, Any] | None:
    found = await shop.dead_letters(service)
    return next((one for one in found if one["key"] == key), None)


async def _discard(shop: Shop, key: str) -> None:
    for service in ("payments", "inventory", "notifications"):
        parked = await _parked(shop, key, service)
        if parked is not None:
            url = f"{shop.url(service)}/ops/dead-letters/{parked['id']}/discard"
            await shop.post(url, {"reason": "a test's poison"})


async def _run(shop: Shop, words: list[str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("orderproof"),
        *words,
        *("--run-dir", str(shop.system.run_dir.root)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    stdout, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, stdout.decode()
