"""Rows of a UCI Online Retail CSV, one by one: encoding, header order and quoting as they come."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

LINE_BYTES_MAX = 1024 * 1024
# Every byte is some latin-1 character, so the last one never fails.
ENCODINGS = ("utf-8", "cp1252", "latin-1")
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# Online Retail and Online Retail II spell some columns differently.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "invoice": ("InvoiceNo", "Invoice"),
    "sku": ("StockCode",),
    "description": ("Description",),
    "quantity": ("Quantity",),
    "date": ("InvoiceDate",),
    "price": ("UnitPrice", "Price"),
    "customer": ("CustomerID", "Customer ID"),
    "country": ("Country",),
}


class NotRetailError(ValueError):
    """The file as a whole is something else; says what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row's texts without the blanks around them; ``line`` is where it starts, from 1."""

    line: int
    invoice: str
    sku: str
    description: str
    quantity: str
    date: str
    price: str
    customer: str
    country: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read; ``invoice`` is empty when not even that is known."""

    line: int
    invoice: str
    reason: str


Entry: TypeAlias = Row | BadRow


def read_rows(raw: BinaryIO) -> Iterator[Entry]:
    """Every row of the file, in its order. Raises ``NotRetailError``."""
    reader = csv.reader(_texts(raw))
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise NotRetailError(f"line 1: {error}") from error
    if header is None:
        raise NotRetailError("the file is empty")
    places = _places(header)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(line, "", f"no CSV: {error}")
            continue
        if any(text.strip() for text in record):
            yield _entry(line, record, len(header), places)


def plain_number(text: str) -> str:
    """``17850.0`` is how spreadsheets write the number of an invoice or customer."""
    return re.sub(r"^(\d+)\.0+$", r"\1", text)


def _entry(line: int, record: list[str], width: int, places: Mapping[str, int]) -> Entry:
    while len(record) > width and not record[-1].strip():
        record.pop()
    invoice = plain_number(_at(record, places["invoice"]))
    if len(record) != width:
        return BadRow(line, invoice, f"{len(record)} fields instead of {width}")
    if any("\n" in text and text.count(",") >= width - 1 for text in record):
        return BadRow(line, invoice, "a quote that is not closed swallows the rows after it")
    texts = {name: _at(record, place) for name, place in places.items()}
    customer = plain_number(texts["customer"])
    return Row(line, **{**texts, "invoice": invoice, "customer": customer})


def _at(record: Sequence[str], place: int) -> str:
    return record[place].strip() if place < len(record) else ""


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column is. Raises ``NotRetailError`` when one is missing or there twice."""
    found = [_plain(text) for text in header]
    places = {}
    for name, spellings in COLUMNS.items():
        known = {_plain(one) for one in spellings}
        here = [place for place, text in enumerate(found) if text in known]
        if len(here) != 1:
            which = "no" if not here else "more than one"
            raise NotRetailError(f"the header has {which} column {' or '.join(spellings)}")
        places[name] = here[0]
    return places


def _plain(heading: str) -> str:
    return re.sub(r"[^a-z]", "", heading.lower())


def _texts(raw: BinaryIO) -> Iterator[str]:
    """Decoded lines, each by itself: exports of several systems are sometimes joined."""
    number = 0
    while data := raw.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(data) > LINE_BYTES_MAX:
            raise NotRetailError(f"line {number} is longer than {LINE_BYTES_MAX} bytes")
        if number == 1:
            if data.startswith(UTF16):
                raise NotRetailError("the file is UTF-16; save it as UTF-8")
            data = data.removeprefix(codecs.BOM_UTF8)
        yield _decoded(data)


def _decoded(data: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 reads everything")
