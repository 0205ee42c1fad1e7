"""A replay places each clean invoice once, through hiccups, and is complete only if all agrees."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from local_runtime.retail import books, calls
from local_runtime.retail.account import listed
from local_runtime.retail.job import Job, Via
from local_runtime.retail.placing import Advance
from local_runtime.retail.replay import carry_out, look_over

from tests.support.fake_system import FakeSystem, an_operation, serving
from tests.support.retail import a_file, a_row

ROWS = (
    a_row("1"),
    a_row("1", sku="22 B/1", quantity="100"),
    a_row("1", sku="POST"),
    a_row("2", customer="", country="Atlantis"),
    a_row("3", sku="D"),
    a_row("C4", quantity="-1"),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "SETTLE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(books, "SETTLE_POLL_S", 0.05)
    monkeypatch.setattr(calls, "PAUSE_S_MAX", 0.02)
    monkeypatch.setattr(calls, "FIRST_PAUSE_S", 0.01)


@pytest.fixture
def fake() -> FakeSystem:
    return FakeSystem()


async def replayed(
    fake: FakeSystem, folder: Path, *rows: str, limit: int | None = None, per_s: float | None = None
) -> dict[str, Any]:
    file = folder / "retail.csv"
    file.write_bytes(a_file(*(rows or ROWS)))
    job = Job(file, Via.HTTP, "tok_ok", limit, per_s)
    async with serving(fake):
        report = folder / "replay" / "report.jsonl"
        return await carry_out(job, look_over(job), fake.endpoints, report, no_progress)


def read_text(file: str) -> str:
    return Path(file).read_text("utf-8")


@contextmanager
def no_progress(invoices: int) -> Iterator[Advance]:
    yield lambda: None


async def test_a_clean_file_is_complete(fake: FakeSystem, tmp_path: Path) -> None:
    told = await replayed(fake, tmp_path)

    assert told["complete"], told["problems"]
    assert (told["orders"], told["lines"], told["units"]) == (2, 3, 112)
    assert told["money"] == {"captured_minor": 28560, "refunded_minor": 0, "wrong": []}
    assert told["stock"]["on_hand"] == told["stock"]["reserved"] == 112
    assert told["outcomes"] == {"confirmed": 2}
    assert told["left_out"] == {"the code is no goods": 2}
    assert (told["invoices_without_goods"], told["cancellations"]) == (1, 1)
    assert told["returns"]["matched_minor"] == 255
    assert told["unknown_countries"] == ["Atlantis"]


async def test_a_second_run_places_and_receives_nothing(fake: FakeSystem, tmp_path: Path) -> None:
    first = await replayed(fake, tmp_path)
    shelf, book = dict(fake.on_hand), list(fake.book)

    second = await replayed(fake, tmp_path)

    assert len(fake.orders) == 2
    assert (dict(fake.on_hand), fake.book) == (shelf, book)
    assert {**second, "seconds": 0, "orders_per_s": 0} == {**first, "seconds": 0, "orders_per_s": 0}


async def test_the_report_lists_all_but_the_orders_that_are_as_told(
    fake: FakeSystem, tmp_path: Path
) -> None:
    fake.ends["2"] = "rejected"
    told = await replayed(fake, tmp_path, *ROWS, a_row("5", quantity="six"))

    found = list(listed(Path(told["report"])))

    assert [one["kind"] for one in sorted(found, key=lambda one: one["kind"])] == [
        "bad-row",
        "invoice-not-placed",
        "invoice-without-goods",
        "line-left-out",
        "line-left-out",
        "order-not-as-told",
        "return-to-come",
    ]
    assert {"line", "invoice", "reason"} <= next(x for x in found if x["kind"] == "bad-row").keys()
    text = read_text(told["report"])
    assert sum(json.loads(line)["kind"] == "order" for line in text.splitlines()) == 1
    assert "tok_ok" not in text


async def test_a_rejected_order_is_not_complete_and_its_goods_stay(
    fake: FakeSystem, tmp_path: Path
) -> None:
    fake.ends["2"] = "rejected"

    told = await replayed(fake, tmp_path)

    assert not told["complete"]
    assert told["problems"] == {"rejected, payment-declined": 1}
    assert told["stock"]["available"] == 6


async def test_bad_rows_are_told_and_spoil_no_clean_invoice(
    fake: FakeSystem, tmp_path: Path
) -> None:
    told = await replayed(fake, tmp_path, a_row("1", price="x"), a_row("2"), "1,2")

    assert told["complete"]
    assert (told["orders"], told["bad_rows"], told["invoices_not_placed"]) == (1, 2, 1)


async def test_a_clean_invoice_that_is_too_long_is_a_problem_by_name(
    fake: FakeSystem, tmp_path: Path
) -> None:
    told = await replayed(fake, tmp_path, *[a_row("1")] * 1001)

    assert not told["complete"]
    assert told["problems"] == {"1001 lines are more than the 1000 an order may have": 1}


@pytest.mark.parametrize(
    "hiccup",
    [
        (503, {"type": "urn:problem:unavailable"}, {}),
        (429, {"type": "urn:problem:rate-limited"}, {"Retry-After": "0"}),
        (409, {"type": "urn:problem:idempotency-in-progress"}, {}),
        (502, {}, {}),
        "drop",
    ],
    ids=str,
)
async def test_what_passes_is_tried_again_under_the_same_key(
    fake: FakeSystem, tmp_path: Path, hiccup: Any
) -> None:
    fake.hiccups = [hiccup] * 4

    told = await replayed(fake, tmp_path)

    assert told["complete"], told["problems"]
    assert fake.posts == 8
    assert len(fake.orders) == 2


async def test_a_refusal_is_not_tried_again(fake: FakeSystem, tmp_path: Path) -> None:
    errors = [{"pointer": "/receipts/0/sku", "detail": "is odd"}]
    fake.hiccups = [(422, {"detail": "No.", "errors": errors}, {})]

    told = await replayed(fake, tmp_path, a_row("1"))

    assert (told["outcomes"], fake.posts) == ({"refused": 1}, 1)
    assert told["problems"] == {"stock receipt: 422 No.; /receipts/0/sku: is odd": 1}


async def test_who_never_answers_is_named_in_the_end(
    fake: FakeSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE_S", 0.1)
    fake.hiccups = [(503, {"detail": "Down."}, {})] * 100

    told = await replayed(fake, tmp_path, a_row("1"))

    assert told["outcomes"] == {"unanswered": 1}
    assert "does not answer: 503 Down., for 0.1 s" in next(iter(told["problems"]))


async def test_an_order_that_came_another_way_is_found_by_its_reference(
    fake: FakeSystem, tmp_path: Path
) -> None:
    await replayed(fake, tmp_path)
    fake.answers = {key: one for key, one in fake.answers.items() if key.endswith("-stock")}

    told = await replayed(fake, tmp_path)

    assert told["complete"], told["problems"]
    assert len(fake.orders) == 2


async def test_an_order_of_another_total_is_a_problem(fake: FakeSystem, tmp_path: Path) -> None:
    await replayed(fake, tmp_path, a_row("1"))
    fake.orders["ord_1"]["total_minor"] += 1

    told = await replayed(fake, tmp_path, a_row("1"))

    assert "the order has 1 lines and 1531 pence, the invoice 1 and 1530" in told["problems"]


@pytest.mark.parametrize(
    "operation",
    [an_operation("ord_1", 1), an_operation("ord_1", 1, "refund")],
    ids=["captured-twice", "refunded"],
)
async def test_a_book_that_does_not_agree_is_a_problem(
    fake: FakeSystem, tmp_path: Path, operation: dict[str, Any]
) -> None:
    await replayed(fake, tmp_path, a_row("1"))
    fake.book.append(operation)

    told = await replayed(fake, tmp_path, a_row("1"))

    assert not told["complete"]
    assert told["money"]["wrong"][0].startswith("ord_1: the provider holds 15")


async def test_the_book_s_other_orders_and_failed_operations_do_not_count(
    fake: FakeSystem, tmp_path: Path
) -> None:
    fake.book = [an_operation("ord_9", 7), an_operation("ord_1", 1530, ok=False)]

    told = await replayed(fake, tmp_path, a_row("1"))

    assert told["money"] == {"captured_minor": 1530, "refunded_minor": 0, "wrong": []}


@pytest.mark.parametrize("units", [1, -1])
async def test_stock_that_is_not_receipts_less_sales_is_a_problem(
    fake: FakeSystem, tmp_path: Path, units: int
) -> None:
    await replayed(fake, tmp_path, a_row("1"))
    fake.on_hand["85123A"] += units

    told = await replayed(fake, tmp_path, a_row("1"))

    assert not told["complete"]
    assert told["stock"]["wrong"] == [f"85123A: {units} available instead of 0"]


async def test_the_limit_counts_orders(fake: FakeSystem, tmp_path: Path) -> None:
    told = await replayed(fake, tmp_path, a_row("1"), a_row("2"), a_row("3"), limit=2)

    assert (told["complete"], told["orders"]) == (True, 2)


async def test_orders_come_no_faster_than_the_rate(fake: FakeSystem, tmp_path: Path) -> None:
    told = await replayed(fake, tmp_path, a_row("1"), a_row("2"), a_row("3"), per_s=10)

    assert told["orders"] == 3
    assert told["seconds"] >= 0.2
