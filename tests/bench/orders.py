"""The orders of a load: the peers' standard two lines, and orders of the retail file's shape."""

import csv
import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from tests.support.corpora import BESIDE

Shape = Literal["standard", "retail", "hot"]

SKUS = 1_000
CUSTOMERS = 100_000
STOCK_EACH = 1_000_000
# Lines of an invoice at every twentieth of the retail file, where that file is not there.
LINES_AT_TWENTIETHS = (1, 1, 1, 2, 4, 5, 7, 9, 11, 13, 15, 16, 18, 20, 23, 25, 29, 34, 45, 64, 652)
LARGE_LINES = 600
RETAIL_FILE = "online_retail.csv"


@dataclass(frozen=True, slots=True)
class Order:
    """``body`` is that of ``POST /v1/orders``; a ``large`` one was mixed in among others."""

    reference: str
    body: bytes
    large: bool = False


@dataclass
class Shelf:
    """Makes orders of one shape; which SKUs and customers follows from ``luck``.

    All ``hot`` orders want one and the same SKU, and another. Of ``large_every`` orders one, in
    the middle, has 600 lines; with 0 none has.
    """

    shape: Shape
    luck: random.Random
    line_counts: Sequence[int] = (2,)
    large_every: int = 0
    _made: int = 0

    @classmethod
    def of(cls, shape: Shape, seed: int, large_every: int = 0) -> "Shelf":
        counts = line_counts() if shape == "retail" else (2,)
        return cls(shape, random.Random(seed), counts, large_every)

    def order(self, reference: str) -> Order:
        """The next order; of more lines than there are SKUs it has one of each."""
        large = self._is_large()
        wanted = LARGE_LINES if large else min(self.luck.choice(self.line_counts), SKUS)
        numbers, draw = self._numbers(wanted), self.luck.random
        lines, total = [], 0
        for number in numbers:
            quantity, price = 1 + int(3 * draw()), 100 + int(9_800 * draw())
            total += quantity * price
            lines.append(_line(number, quantity, price, described=self.shape == "retail"))
        customer = self.luck.randrange(CUSTOMERS)
        body = _body(reference, customer, ",".join(lines), total).encode()
        return Order(reference, body, large)

    def _is_large(self) -> bool:
        self._made += 1
        return bool(self.large_every) and self._made % self.large_every == self.large_every // 2

    def _numbers(self, wanted: int) -> list[int]:
        if self.shape == "hot":
            return [0, *self.luck.sample(range(1, SKUS), wanted - 1)]
        return self.luck.sample(range(SKUS), wanted)


def sku(number: int) -> str:
    return f"bench-{number:04}"


def line_counts() -> list[int]:
    """A sample from which every line count comes as often as among the invoices."""
    file = Path(os.environ.get("ORDERPROOF_CORPORA") or BESIDE) / RETAIL_FILE
    if not file.exists():
        return between_twentieths(LINES_AT_TWENTIETHS)
    with file.open(encoding="utf-8", newline="") as rows:
        bought = Counter(
            row["InvoiceNo"] for row in csv.DictReader(rows) if not row["InvoiceNo"].startswith("C")
        )
    return sorted(bought.values())


def between_twentieths(points: Sequence[int], each: int = 10) -> list[int]:
    """``each`` counts between every two points, evenly spread."""
    return [
        low + (high - low) * step // each for low, high in pairwise(points) for step in range(each)
    ]


def _line(number: int, quantity: int, price: int, *, described: bool) -> str:
    described_as = f',"description":"ASSORTED HOUSEHOLD ARTICLE {number:04}"' if described else ""
    return (
        f'{{"sku":"{sku(number)}","quantity":{quantity},"unit_price_minor":{price}{described_as}}}'
    )


def _body(reference: str, customer: int, lines: str, total_minor: int) -> str:
    name = f"Customer {customer}"
    return (
        f'{{"client_reference":"{reference}","channel":"b2c","currency":"GBP","locale":"en-GB",'
        f'"customer":{{"id":"{customer}","email":"customer-{customer}@example.com",'
        f'"name":"{name}"}},"shipping_address":{{"name":"{name}","line1":"1 Mill Lane",'
        f'"city":"London","postal_code":"N1 1AA","country":"GB"}},"lines":[{lines}],'
        f'"payment":{{"method":"card","token":"tok_ok"}},"total_minor":{total_minor}}}'
    )
