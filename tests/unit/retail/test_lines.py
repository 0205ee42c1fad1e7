"""A line is left out only for its quantity, its price or its code; pence are exact."""

from dataclasses import replace
from typing import Any

import pytest
from local_runtime.retail.lines import LeftOut, Line, Reason, is_goods, judge
from local_runtime.retail.rows import BadRow, Row

from tests.support.retail import a_file, a_row, the_row

ROW = the_row(a_file(a_row()))


def row_with(**texts: Any) -> Row:
    return replace(ROW, **texts)


def judged(**texts: str) -> Line | str:
    """The line, or why there is none."""
    result = judge(row_with(**texts))
    return result if isinstance(result, Line) else str(result.reason)


def test_goods_are_a_line_with_exact_pence() -> None:
    assert judged() == Line(2, "85123A", 6, 255, "WHITE HEART")


@pytest.mark.parametrize(
    ("price", "minor"),
    [("0.01", 1), ("2.1", 210), ("3", 300), ("4.350", 435), ("1.15", 115), ("11062.06", 1106206)],
)
def test_a_price_becomes_pence_without_rounding(price: str, minor: int) -> None:
    line = judged(price=price)

    assert isinstance(line, Line)
    assert line.unit_price_minor == minor
    assert line.amount_minor == 6 * minor


@pytest.mark.parametrize("code", ["POST", "DOT", "M", "m", "D", "C2", "BANK CHARGES", "S", "PADS"])
def test_a_code_that_is_no_goods_is_left_out(code: str) -> None:
    assert judged(sku=code) == Reason.NO_GOODS


@pytest.mark.parametrize(
    "code", ["AMAZONFEE", "B", "CRUK", "C3", "gift_0001_40", "TEST001", "TEST002", "ADJUST2"]
)
def test_codes_of_the_whole_data_set_that_are_no_goods(code: str) -> None:
    assert not is_goods(code)


@pytest.mark.parametrize(
    "code", ["10002", "85123A", "15056BL", "DCGS0076", "DCGSSBOY", "SP1002", "POST1", "DD", "MM"]
)
def test_any_other_code_is_goods(code: str) -> None:
    assert is_goods(code)


@pytest.mark.parametrize(
    ("quantity", "outcome"),
    [("1", 1), ("1.0", 1), ("+2", 2), ("0", Reason.QUANTITY), ("-1", Reason.QUANTITY)],
)
def test_a_quantity_is_sold_from_one_on(quantity: str, outcome: int | Reason) -> None:
    line = judged(quantity=quantity)

    assert (line.quantity if isinstance(line, Line) else line) == outcome


@pytest.mark.parametrize("price", ["0", "0.00", "-0.01", "-11062.06"])
def test_a_price_that_is_not_above_zero_leaves_the_line_out(price: str) -> None:
    assert judged(price=price) == Reason.PRICE


@pytest.mark.parametrize(
    ("quantity", "outcome"),
    [("-1", 1), ("-9360", 9360), ("0", Reason.NOT_NEGATIVE), ("1", Reason.NOT_NEGATIVE)],
)
def test_a_cancellation_takes_back_what_is_below_zero(quantity: str, outcome: int | Reason) -> None:
    line = judged(invoice="C536379", quantity=quantity)

    assert (line.quantity if isinstance(line, Line) else line) == outcome


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({"sku": ""}, "no stock code"),
        ({"quantity": ""}, "quantity '' is no whole number"),
        ({"quantity": "six"}, "quantity 'six' is no whole number"),
        ({"quantity": "1.5"}, "quantity '1.5' is no whole number"),
        ({"quantity": "1e3"}, "quantity '1e3' is no whole number"),
        ({"quantity": "1000001"}, "the quantity is above 1000000"),
        ({"quantity": "9" * 13}, f"quantity '{'9' * 13}' is no whole number"),
        ({"price": ""}, "price '' is no decimal number"),
        ({"price": "NaN"}, "price 'NaN' is no decimal number"),
        ({"price": "2,55"}, "price '2,55' is no decimal number"),
        ({"price": "٢"}, "price '٢' is no decimal number"),
        ({"price": "0.001"}, "price 0.001 is no whole number of pence"),
        ({"price": "2.555"}, "price 2.555 is no whole number of pence"),
        ({"price": "9" * 12, "quantity": "11"}, "the amount is above 1000000000000000 pence"),
        ({"sku": "1" * 65}, "the stock code is longer than 64 characters"),
        ({"description": "x" * 501}, "the description is longer than 500 characters"),
        ({"description": "a\x00"}, "NUL in a text"),
    ],
)
def test_what_nobody_can_read_is_bad_and_says_why(texts: dict[str, str], reason: str) -> None:
    assert judge(row_with(**texts)) == BadRow(2, "536365", reason)


@pytest.mark.parametrize(
    "texts",
    [
        {"quantity": "1000000"},
        {"price": "9" * 12, "quantity": "10"},
        {"sku": "1" * 64},
        {"description": "x" * 500},
        {"description": ""},
    ],
)
def test_what_just_fits_is_a_line(texts: dict[str, str]) -> None:
    assert isinstance(judged(**texts), Line)


def test_a_line_left_out_keeps_the_words_of_the_file() -> None:
    row = the_row(a_file(a_row(sku="M", quantity="-1.0", price="x")))

    assert judge(row) == LeftOut(2, "536365", "M", "-1.0", "x", Reason.NO_GOODS)
