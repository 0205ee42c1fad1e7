"""The orders of a load are right, have customers of their own, and the shapes they claim."""

import json
from pathlib import Path
from typing import Any

import pytest
from shared.contracts.storefront import Submission

from tests.bench.orders import (
    LARGE_LINES,
    LINES_AT_TWENTIETHS,
    Shape,
    Shelf,
    between_twentieths,
    line_counts,
)


@pytest.mark.parametrize("shape", ["standard", "retail", "hot"])
def test_every_order_is_one_that_the_service_accepts(shape: Shape) -> None:
    shelf = Shelf.of(shape, seed=1)

    for number in range(200):
        order = shelf.order(f"b-{number}")
        read = Submission.model_validate_json(order.body)
        assert read.client_reference == order.reference == f"b-{number}"
        assert read.total_minor == sum(one.quantity * one.unit_price_minor for one in read.lines)


def test_a_standard_order_has_two_skus() -> None:
    shelf = Shelf.of("standard", seed=1)

    skus = [[line["sku"] for line in body(shelf, n)["lines"]] for n in range(50)]

    assert {len(set(one)) for one in skus} == {2}


def test_hot_orders_want_one_sku_in_common_and_another() -> None:
    shelf = Shelf.of("hot", seed=1)

    skus = [{line["sku"] for line in body(shelf, n)["lines"]} for n in range(50)]

    assert set.intersection(*skus) == {"bench-0000"}
    assert {len(one) for one in skus} == {2}


def test_of_so_many_orders_one_is_large_and_the_others_are_standard() -> None:
    shelf = Shelf.of("standard", seed=1, large_every=10)

    made = [shelf.order(f"b-{number}") for number in range(30)]

    assert [number for number, one in enumerate(made, 1) if one.large] == [5, 15, 25]
    lines = {one.large: len(json.loads(one.body)["lines"]) for one in made}
    assert lines == {True: LARGE_LINES, False: 2}
    Submission.model_validate_json(made[4].body)


def test_without_large_ones_no_order_is_large() -> None:
    shelf = Shelf.of("standard", seed=1)

    assert not any(shelf.order(f"b-{number}").large for number in range(30))


def test_orders_follow_from_the_seed() -> None:
    first, again, other = (Shelf.of("standard", seed).order("b-1").body for seed in (1, 1, 2))

    assert first == again != other


def test_customers_are_numbered_and_each_has_an_address_of_its_own() -> None:
    shelf = Shelf.of("standard", seed=1)

    customers = [body(shelf, n)["customer"] for n in range(500)]

    assert all(one["email"] == f"customer-{one['id']}@example.com" for one in customers)
    assert len({one["id"] for one in customers}) > 480


def test_line_counts_are_those_of_the_invoices_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["InvoiceNo,StockCode", "1,A", "1,B", "1,C", "2,A", "C3,A"]
    (tmp_path / "online_retail.csv").write_text("\n".join(rows))
    monkeypatch.setenv("ORDERPROOF_CORPORA", str(tmp_path))

    assert line_counts() == [1, 3]


def test_without_the_file_line_counts_run_from_one_to_more_than_600(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERPROOF_CORPORA", str(tmp_path))

    counts = line_counts()

    assert counts == between_twentieths(LINES_AT_TWENTIETHS)
    assert min(counts) == 1
    assert max(counts) > 500
    assert sorted(counts)[len(counts) // 2] == LINES_AT_TWENTIETHS[10]


def body(shelf: Shelf, number: int) -> dict[str, Any]:
    return dict(json.loads(shelf.order(f"b-{number}").body))
