"""A retail file is read as it comes: encodings, quoting, line ends and header order."""

from dataclasses import replace

import pytest
from local_runtime.retail.rows import LINE_BYTES_MAX, NotRetailError, Row

from tests.support.retail import HEADER, a_file, a_row, bad_rows, read, the_row

ROW = Row(
    line=2,
    invoice="536365",
    sku="85123A",
    description="WHITE HEART",
    quantity="6",
    date="12/1/10 8:26",
    price="2.55",
    customer="17850",
    country="United Kingdom",
)
SECOND_EDITION = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"


@pytest.mark.parametrize(
    "content",
    [
        a_file(a_row()),
        a_file(a_row()).removesuffix(b"\n"),
        a_file(a_row()).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + a_file(a_row()),
        a_file(a_row()).replace(HEADER.encode(), SECOND_EDITION.encode()),
        a_file(a_row(customer="17850.0", invoice="536365.0")),
        a_file(a_row().replace("WHITE HEART", '" WHITE HEART "')),
        a_file(a_row() + ",,"),
        a_file(a_row(), "", ",,,,,,,"),
    ],
    ids=["plain", "no-end", "crlf", "bom", "second-edition", "floats", "quoted", "wide", "blank"],
)
def test_the_same_row_is_read_however_it_is_written(content: bytes) -> None:
    assert the_row(content) == ROW


def test_columns_are_found_by_their_heading() -> None:
    turned = ",".join(reversed(HEADER.split(","))) + ",Note\n"
    row = ",".join([*reversed(a_row().split(",")), "first"]) + "\n"

    assert the_row((turned + row).encode()) == ROW


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_a_pound_sign_is_read_in_each_encoding(encoding: str) -> None:
    row = a_row().replace("WHITE HEART", "VOUCHER £10.00")

    assert the_row(a_file(row).decode().encode(encoding)).description == "VOUCHER £10.00"


def test_a_line_is_decoded_by_itself() -> None:
    pound = a_row().replace("WHITE HEART", "£")
    content = a_file(pound) + pound.encode("latin-1") + b"\n\x81" + a_row().encode("cp1252") + b"\n"

    found = [entry for entry in read(content) if isinstance(entry, Row)]

    assert [one.description for one in found] == ["£", "£", "WHITE HEART"]
    assert found[2].invoice == "\x81536365"


def test_quotes_may_hold_commas_quotes_and_line_breaks() -> None:
    row = a_row().replace("WHITE HEART", '"SET OF 3 ""HEARTS"",\nWHITE"')
    content = a_file(row, a_row())

    first, second = read(content)

    assert isinstance(first, Row)
    assert first.description == 'SET OF 3 "HEARTS",\nWHITE'
    assert second == replace(ROW, line=4)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (a_row().rpartition(",")[0], "7 fields instead of 8"),
        (a_row().replace("WHITE HEART", "WHITE, HEART"), "9 fields instead of 8"),
        (f'{a_row()}"', None),
    ],
    ids=["short", "long", "stray-quote"],
)
def test_a_row_of_another_width_is_bad_and_the_next_is_read(row: str, reason: str | None) -> None:
    content = a_file(row, a_row())

    assert bad_rows(content) == ([(2, "536365", reason)] if reason else [])
    assert read(content)[1] == replace(ROW, line=3)


def test_a_quote_that_swallows_rows_is_told_and_not_taken_for_a_description() -> None:
    opened = a_row(invoice="1").replace("WHITE", '"WHITE')
    closing = a_row(invoice="3").replace("HEART", 'HEART"')

    found = bad_rows(a_file(opened, a_row(invoice="2"), closing, a_row(invoice="4")))

    assert found == [(2, "1", "a quote that is not closed swallows the rows after it")]


def test_a_quote_that_is_never_closed_ends_at_the_field_limit() -> None:
    opened = a_row(invoice="1").replace("WHITE", '"WHITE')

    found = bad_rows(a_file(opened, *[a_row(invoice="2")] * 3000))

    assert found[0][0] == 2
    assert "field" in found[0][2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"a,b\n1,2\n", "no column InvoiceNo or Invoice"),
        (HEADER.replace(",Country", "").encode(), "no column Country"),
        (HEADER.encode() + b",Price\n", "more than one column UnitPrice or Price"),
        (a_file(a_row()).decode().encode("utf-16"), "UTF-16"),
        (a_file(a_row()) + b"x" * (LINE_BYTES_MAX + 1), "line 3 is longer"),
    ],
    ids=["empty", "other", "missing", "twice", "utf-16", "long"],
)
def test_a_file_of_another_kind_is_refused_by_name(content: bytes, reason: str) -> None:
    with pytest.raises(NotRetailError, match=reason):
        read(content)


def test_a_line_of_the_longest_length_is_read() -> None:
    row = a_row()
    padded = row.replace("WHITE HEART", " " * (LINE_BYTES_MAX - len(row) - 1))
    quoted = a_file(padded)

    assert bad_rows(quoted) == [(2, "", "no CSV: field larger than field limit (131072)")]
