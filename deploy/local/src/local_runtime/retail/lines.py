"""Which rows are sold goods, and why the others are not."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from shared.contracts.storefront import AMOUNT_MINOR_MAX, QUANTITY_MAX

from local_runtime.retail.rows import BadRow, Row

SKU_CHARACTERS_MAX = 64
DESCRIPTION_CHARACTERS_MAX = 500
REFERENCE_CHARACTERS_MAX = 128
MINOR_PER_MAJOR = 100

# Carriage, corrections, fees, samples, charity and discounts: nothing that lies on a shelf.
# PADS is a price of a tenth of a penny for pads that come with cushions.
NOT_GOODS = frozenset(
    {
        "POST",
        "DOT",
        "M",
        "D",
        "C2",
        "C3",
        "S",
        "B",
        "BANK CHARGES",
        "AMAZONFEE",
        "CRUK",
        "PADS",
    }
)
# A gift voucher is money owed, not goods; tests and adjustments were booked under codes.
NOT_GOODS_FAMILIES = re.compile(r"GIFT(_.*)?|TEST\d*|ADJUST\d*")
NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,9})?")


class Reason(StrEnum):
    """Why a line that can be read is left out of its invoice."""

    NO_GOODS = "the code is no goods"
    QUANTITY = "the quantity is not above zero"
    PRICE = "the price is not above zero"
    NOT_NEGATIVE = "the quantity of a cancellation is not below zero"


@dataclass(frozen=True, slots=True)
class Line:
    """Goods of an invoice; ``quantity`` is above zero in cancellations too."""

    line: int
    sku: str
    quantity: int
    unit_price_minor: int
    description: str | None

    @property
    def amount_minor(self) -> int:
        return self.quantity * self.unit_price_minor


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is not sold, in the file's own words."""

    line: int
    invoice: str
    sku: str
    quantity: str
    price: str
    reason: Reason


Judged: TypeAlias = Line | LeftOut | BadRow


def is_cancellation(invoice: str) -> bool:
    """Cancellations are invoices whose number starts with C."""
    return invoice[:1] in ("C", "c")


def is_goods(sku: str) -> bool:
    """Everything is goods but the codes known not to be; their case varies in the data."""
    code = sku.upper()
    return code not in NOT_GOODS and not NOT_GOODS_FAMILIES.fullmatch(code)


def judge(row: Row) -> Judged:
    """Goods, a line to leave out, or a row nobody can read; the first reason counts."""
    if not row.sku:
        return BadRow(row.line, row.invoice, "no stock code")
    if not is_goods(row.sku):
        return _left_out(row, Reason.NO_GOODS)
    quantity = _number(row.quantity)
    if quantity is None or quantity % 1:
        return BadRow(row.line, row.invoice, f"quantity {row.quantity[:40]!r} is no whole number")
    cancels = is_cancellation(row.invoice)
    units = -int(quantity) if cancels else int(quantity)
    if units <= 0:
        return _left_out(row, Reason.NOT_NEGATIVE if cancels else Reason.QUANTITY)
    return _priced(row, units)


def _priced(row: Row, units: int) -> Judged:
    price = _number(row.price)
    if price is None:
        return BadRow(row.line, row.invoice, f"price {row.price[:40]!r} is no decimal number")
    if price <= 0:
        return _left_out(row, Reason.PRICE)
    minor = price * MINOR_PER_MAJOR
    if minor % 1:
        return BadRow(row.line, row.invoice, f"price {row.price} is no whole number of pence")
    line = Line(row.line, row.sku, units, int(minor), row.description or None)
    problem = _beyond_limits(line)
    return line if problem is None else BadRow(row.line, row.invoice, problem)


def _beyond_limits(line: Line) -> str | None:
    """What the storefront's contract would refuse."""
    if line.quantity > QUANTITY_MAX:
        return f"the quantity is above {QUANTITY_MAX}"
    if line.amount_minor > AMOUNT_MINOR_MAX:
        return f"the amount is above {AMOUNT_MINOR_MAX} pence"
    if len(line.sku) > SKU_CHARACTERS_MAX:
        return f"the stock code is longer than {SKU_CHARACTERS_MAX} characters"
    if len(line.description or "") > DESCRIPTION_CHARACTERS_MAX:
        return f"the description is longer than {DESCRIPTION_CHARACTERS_MAX} characters"
    if "\x00" in line.sku + (line.description or ""):
        return "NUL in a text"
    return None


def _left_out(row: Row, reason: Reason) -> LeftOut:
    return LeftOut(row.line, row.invoice, row.sku, row.quantity, row.price, reason)


def _number(text: str) -> Decimal | None:
    """An exact number from its text; float would lose pence."""
    return Decimal(text) if NUMBER.fullmatch(text) else None
