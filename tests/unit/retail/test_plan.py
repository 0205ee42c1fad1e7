"""Rows become orders, invoices without goods, returns to come, or a reason why not."""

import tracemalloc
from collections.abc import Iterator

import pytest
from local_runtime.retail.invoices import RawInvoice, assemble, survey
from local_runtime.retail.lines import LeftOut
from local_runtime.retail.orders import SaleOrder
from local_runtime.retail.plan import NoGoods, Unplaceable
from local_runtime.retail.rows import BadRow, Entry, Row
from shared.contracts.storefront import Submission

from tests.support.retail import a_file, a_row, orders, planned, read


def test_an_invoice_is_an_order_that_the_storefront_s_contract_takes() -> None:
    (order,) = orders(a_row(), a_row(sku="71053", quantity="2", price="3.39"))

    submission = Submission.model_validate(order.body)
    assert order.total_minor == submission.lines_total_minor == 6 * 255 + 2 * 339
    assert submission.customer.id == "17850"
    assert submission.customer.email == "17850@example.com"
    assert submission.shipping_address.country == "GB"
    assert submission.metadata["invoice"] == "536365"


def test_a_guest_stays_a_guest() -> None:
    (order,) = orders(a_row(customer="", quantity="600"))

    submission = Submission.model_validate(order.body)
    assert submission.customer.id is None
    assert submission.customer.email == "guest-536365@example.com"
    assert submission.channel == "b2c"


def test_the_same_sku_twice_stays_two_lines() -> None:
    (order,) = orders(a_row(), a_row(quantity="1"), a_row())

    assert [line["quantity"] for line in order.body["lines"]] == [6, 1, 6]
    assert order.units == {"85123A": 13}


def test_the_rest_of_an_invoice_is_still_an_order() -> None:
    left, order = planned(a_row(), a_row(sku="POST", price="18"))

    assert isinstance(left, LeftOut)
    assert isinstance(order, SaleOrder)
    assert (order.lines, order.total_minor) == (1, 1530)


def test_an_invoice_with_nothing_left_is_listed() -> None:
    found = planned(a_row(sku="POST"), a_row(price="0"))

    assert found[2:] == [NoGoods("536365", 2)]
    assert [type(one) for one in found[:2]] == [LeftOut, LeftOut]


def test_an_adjustment_invoice_is_listed_like_any_other() -> None:
    assert planned(a_row("A563185", "B", "1", "11062.06"))[-1] == NoGoods("A563185", 1)


def test_nobody_is_charged_for_half_of_an_invoice() -> None:
    bad, refused, other = planned(a_row(), a_row(quantity="six"), a_row("536366"))

    assert isinstance(bad, BadRow)
    assert isinstance(refused, Unplaceable)
    assert (refused.clean, refused.lines, refused.total_minor) == (False, 1, 1530)
    assert refused.reason.startswith("its line 3 cannot be read: quantity 'six'")
    assert isinstance(other, SaleOrder)


def test_a_row_without_an_invoice_spoils_no_invoice() -> None:
    bad, order = planned(a_row(invoice=""), a_row())

    assert bad == BadRow(2, "", "no invoice number")
    assert isinstance(order, SaleOrder)


def test_two_customers_on_one_invoice_are_not_guessed_between() -> None:
    (refused,) = planned(a_row(), a_row(customer="13047"))

    assert isinstance(refused, Unplaceable)
    assert refused.reason == "it names 2 customers: 13047, 17850"


@pytest.mark.parametrize(("lines", "kind"), [(1000, SaleOrder), (1001, Unplaceable)])
def test_an_invoice_may_have_as_many_lines_as_an_order(lines: int, kind: type) -> None:
    (found,) = planned(*[a_row()] * lines)

    assert isinstance(found, kind)
    if isinstance(found, Unplaceable):
        assert found.clean, "its rows are not to blame, so the replay is not complete"
        assert found.reason == "1001 lines are more than the 1000 an order may have"


@pytest.mark.parametrize(
    ("quantities", "channel"),
    [(["12"], "b2b"), (["11"], "b2c"), (["1", "23"], "b2b"), (["1", "22"], "b2c")],
)
def test_a_dozen_units_a_line_are_wholesale(quantities: list[str], channel: str) -> None:
    (order,) = orders(*[a_row(quantity=one) for one in quantities])

    assert order.body["channel"] == channel


@pytest.mark.parametrize(
    ("name", "code", "locale"),
    [
        ("EIRE", "IE", "en-GB"),
        ("RSA", "ZA", "en-GB"),
        ("Channel Islands", "JE", "en-GB"),
        ("European Community", "EU", "en-GB"),
        ("Unspecified", "ZZ", "en-GB"),
        ("USA", "US", "en-GB"),
        ("Germany", "DE", "de-DE"),
        ("France", "FR", "fr-FR"),
        ("Brazil", "BR", "pt-BR"),
        ("Atlantis", "ZZ", "en-GB"),
        ("", "ZZ", "en-GB"),
    ],
)
def test_a_country_has_its_code_and_keeps_its_name(name: str, code: str, locale: str) -> None:
    (order,) = orders(a_row(country=name))

    submission = Submission.model_validate(order.body)
    assert submission.shipping_address.country == code
    assert submission.locale == locale
    assert submission.metadata["country_name"] == name


def test_another_copy_of_the_same_rows_names_the_same_order() -> None:
    (order,) = orders(a_row(price="2.50"))
    (again,) = orders(a_row(price="2.5", quantity="6.0"))

    assert again.reference == order.reference
    assert order.reference.startswith("uci-536365-")


@pytest.mark.parametrize(
    "rows",
    [
        [a_row(quantity="7")],
        [a_row(price="2.56")],
        [a_row(sku="85123B")],
        [a_row(customer="")],
        [a_row(country="EIRE")],
        [a_row("536366")],
        [a_row(), a_row()],
        [a_row(), a_row(sku="POST")],
    ],
)
def test_other_rows_name_another_order(rows: list[str]) -> None:
    assert orders(*rows)[0].reference != orders(a_row())[0].reference


def test_the_token_names_no_other_order() -> None:
    first, second = (planned(a_row(), token=one)[0] for one in ("tok_ok", "tok_slow"))

    assert isinstance(first, SaleOrder)
    assert isinstance(second, SaleOrder)
    assert first.reference == second.reference


def test_an_invoice_that_is_scattered_is_put_together() -> None:
    first, second = orders(a_row("1"), a_row("2"), a_row("1", quantity="1"), a_row("2"))

    assert (first.invoice, first.lines) == ("1", 2)
    assert (second.invoice, second.lines) == ("2", 2)
    assert survey(read(a_file(a_row("1"), a_row("2"), a_row("1")))).scattered == {"1"}


@pytest.mark.parametrize("limit", [1, 2])
def test_reading_ends_at_the_limit(limit: int) -> None:
    rows = [a_row("1"), a_row("2", sku="POST"), a_row("3"), a_row("4", sku="POST")]

    found = planned(*rows, limit=limit)

    assert sum(isinstance(one, SaleOrder) for one in found) == limit
    assert not any(getattr(one, "invoice", "") == "4" for one in found)


def test_an_invoice_leaves_memory_when_its_last_line_was_read() -> None:
    def entries() -> Iterator[Entry]:
        for line in range(100_000):
            yield Row(line, str(line // 10), "1", "", "1", "", "1", "", "")

    last_lines = {str(number): number * 10 + 9 for number in range(10_000)}
    tracemalloc.start()
    found = sum(isinstance(one, RawInvoice) for one in assemble(entries(), last_lines))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == 10_000
    assert peak_bytes < 1_000_000
