"""``orderproof replay`` says what it did, and ends with 0 only if all became as it should."""

import asyncio
import json
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from local_runtime.cli import build
from local_runtime.endpoints import read_json
from local_runtime.paths import RunDir
from local_runtime.retail.screen import progress
from rich.console import Console
from typer.testing import CliRunner, Result

from tests.support.fake_services import running
from tests.support.fake_system import FakeSystem, serving
from tests.support.retail import HEADER, a_file, a_row


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeSystem]:
    """A system that the run directory says is running; it serves from a thread."""
    fake, started, loop = FakeSystem(), threading.Event(), asyncio.new_event_loop()
    stopped = asyncio.Event()

    async def serve() -> None:
        async with serving(fake):
            started.set()
            await stopped.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert started.wait(5)
    run_dir = RunDir.at(tmp_path)
    with running(run_dir, fake.endpoints):
        yield fake
    loop.call_soon_threadsafe(stopped.set)
    thread.join()
    loop.close()


def run(folder: Path, content: bytes | None, *arguments: str) -> Result:
    file = folder / "retail.csv"
    if content is not None:
        file.write_bytes(content)
    told = ["replay", str(file), "--run-dir", str(folder), *arguments]
    return CliRunner().invoke(build(), told)


def test_a_clean_file_is_told_in_words(fake: FakeSystem, tmp_path: Path) -> None:
    result = run(tmp_path, a_file(a_row("1"), a_row("1", sku="POST"), a_row("C2", quantity="-1")))

    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert lines[0] == "1 of 1 sale invoices"
    assert lines[1].startswith("1 orders of 1 lines and 6 units, 1530 pence, in ")
    assert lines[2:] == [
        "  1  confirmed",
        "Captured in the provider's own book: 1530 pence; refunded: 0",
        "Stock of 1 SKUs: 6 on hand, 6 reserved, 0 available",
        "Lines left out: 1",
        "  1  the code is no goods",
        "Sale invoices without a line of goods: 0",
        "Cancellations: 1; returns to come: 1 units, 255 pence matched; 0 units, 0 pence not",
        "Rows that cannot be read: 0; sale invoices not placed: 0",
        f"In full: {tmp_path}/replay/retail-http.jsonl",
        "Every clean invoice is an order of its total, and the books agree",
    ]


def test_json_is_one_document_with_every_row_that_was_left_out(
    fake: FakeSystem, tmp_path: Path
) -> None:
    result = run(tmp_path, a_file(a_row("1"), a_row("1", sku="POST"), ",y"), "--json")

    told = json.loads(result.stdout)
    assert (result.exit_code, told["complete"]) == (0, True)
    assert {(one["kind"], one["line"], one["reason"]) for one in told["listed"]} == {
        ("line-left-out", 3, "the code is no goods"),
        ("bad-row", 4, "2 fields instead of 8"),
    }


def test_what_is_not_as_it_should_ends_with_1(fake: FakeSystem, tmp_path: Path) -> None:
    fake.ends["1"] = "rejected"

    result = run(tmp_path, a_file(a_row("1")))

    assert result.exit_code == 1
    assert "PROBLEM, 1 times: rejected, payment-declined" in result.stdout
    assert result.stdout.endswith("or the books do not agree\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"a,b\n", "the header has no column InvoiceNo or Invoice"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), "the file is UTF-16; save it as UTF-8"),
        (None, "no such file"),
    ],
)
def test_another_file_is_refused_without_a_call(
    fake: FakeSystem, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    result = run(tmp_path, content)

    assert result.exit_code == 2
    assert reason in result.stderr
    assert fake.posts == 0


def test_without_a_system_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = run(tmp_path, a_file(a_row()))

    assert result.exit_code == 1
    assert "start one with: orderproof up --detach" in result.stderr
    assert read_json(RunDir(tmp_path).endpoints) is None


@pytest.mark.parametrize("token", ["", " ", "töken", "a\nb", "x" * 256])
def test_a_token_that_no_request_may_have_is_refused(tmp_path: Path, token: str) -> None:
    result = run(tmp_path, a_file(a_row()), "--payment-token", token)

    assert result.exit_code == 2
    assert "--payment-token" in result.stderr


def test_progress_is_ten_lines_where_there_is_no_terminal() -> None:
    told = StringIO()
    with progress(Console(file=told), 424) as advance:
        for _ in range(424):
            advance()

    lines = told.getvalue().splitlines()
    assert len(lines) == 10
    assert lines[0] == "43 of 424 sale invoices"
    assert lines[-1] == "424 of 424 sale invoices"


def test_progress_is_a_bar_on_a_terminal() -> None:
    told = StringIO()
    with progress(Console(file=told, force_terminal=True, width=80), 2) as advance:
        advance()
        advance()

    assert "2/2" in told.getvalue()
