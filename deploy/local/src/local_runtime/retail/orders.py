"""A sale invoice as the order that a storefront submits."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Literal

from local_runtime.retail.countries import UNKNOWN, code_of, locale_of
from local_runtime.retail.lines import NUMBER, Line
from local_runtime.retail.rows import Row

REFERENCE_PREFIX = "uci-"
DIGEST_BYTES = 12
WHOLESALE_UNITS_PER_LINE = 12
CURRENCY = "GBP"


@dataclass(frozen=True, slots=True)
class SaleOrder:
    """An order to place; ``body`` is that of ``POST /v1/orders``, amounts are in pence."""

    invoice: str
    body: Mapping[str, Any]

    @property
    def reference(self) -> str:
        return str(self.body["client_reference"])

    @property
    def total_minor(self) -> int:
        return int(self.body["total_minor"])

    @property
    def lines(self) -> int:
        return len(self.body["lines"])

    @property
    def units(self) -> Mapping[str, int]:
        """Units by SKU."""
        units: Counter[str] = Counter()
        for line in self.body["lines"]:
            units[line["sku"]] += line["quantity"]
        return units


def sale_order(rows: Sequence[Row], lines: Sequence[Line], token: str) -> SaleOrder:
    """``lines`` are those of ``rows`` that are goods; who buys and where is in the first row."""
    first = rows[0]
    customer = next((row.customer for row in rows if row.customer), None)
    code = code_of(first.country) or UNKNOWN
    name = f"Customer {customer}" if customer else "Guest"
    email = f"{customer or f'guest-{first.invoice}'}@example.com"
    body = {
        "client_reference": reference_of(rows),
        "channel": channel_of(customer, lines),
        "currency": CURRENCY,
        "locale": locale_of(code),
        "customer": {"id": customer, "email": _mailbox(email), "name": name},
        "shipping_address": _address(name, first.country, code),
        "lines": [_submitted(line) for line in lines],
        "payment": {"method": "card", "token": token},
        "total_minor": sum(line.amount_minor for line in lines),
        "metadata": {
            "invoice": first.invoice,
            "invoice_date": first.date,
            "country_name": first.country,
        },
    }
    return SaleOrder(first.invoice, body)


def channel_of(customer: str | None, lines: Sequence[Line]) -> Literal["b2b", "b2c"]:
    """Wholesale is a known customer who buys a dozen units a line on average, or more."""
    units = sum(line.quantity for line in lines)
    wholesale = customer is not None and units >= WHOLESALE_UNITS_PER_LINE * len(lines)
    return "b2b" if wholesale else "b2c"


def reference_of(rows: Sequence[Row]) -> str:
    """A name for this invoice with this content, the same from every copy of the file.

    Of each row it takes what was sold to whom, numbers in one spelling. So another export of
    the same rows names the same orders, and a row more or less names another one.
    """
    digest = blake2b(digest_size=DIGEST_BYTES)
    for row in rows:
        sold = (row.invoice, row.customer, row.country, row.sku)
        for text in (*sold, _canonical(row.quantity), _canonical(row.price)):
            digest.update(text.encode() + b"\x00")
    readable = re.sub(r"[^0-9A-Za-z]", "-", rows[0].invoice)[:32]
    return f"{REFERENCE_PREFIX}{readable}-{digest.hexdigest()}"


def _canonical(number: str) -> str:
    return f"{Decimal(number).normalize():f}" if NUMBER.fullmatch(number) else number


def _mailbox(email: str) -> str:
    return re.sub(r"[^0-9A-Za-z.@-]", "-", email)


def _address(name: str, country: str, code: str) -> dict[str, Any]:
    """The data has no address but the country."""
    place = {"line1": "1 Example Street", "city": country or "Unspecified"}
    return {"name": name, **place, "postal_code": "00000", "country": code}


def _submitted(line: Line) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price_minor": line.unit_price_minor,
        "description": line.description,
    }
