"""Whose goods an order is about, where others sell in the shop."""

import json
from collections.abc import Iterable, Mapping

from shared.contracts.orders import OrderLine

NOBODY = "{}"
"""All of it is the shop's own."""


def sellers_of(lines: Iterable[OrderLine]) -> str:
    """The seller of each SKU as JSON, where there is one.

    A SKU belongs to a seller when every line of it names that seller: units of one SKU are not
    told apart, so one that several sell in one order, or a seller and the shop, is nobody's.
    """
    named: dict[str, str | None] = {}
    for line in lines:
        # A seller without a name would be none.
        seller = line.seller_id or None
        named[line.sku] = seller if named.get(line.sku, seller) == seller else None
    sellers = {sku: seller for sku, seller in named.items() if seller is not None}
    return json.dumps(sellers) if sellers else NOBODY


def read_sellers(text: str) -> Mapping[str, str]:
    """What ``sellers_of`` has written."""
    sellers: dict[str, str] = {} if text == NOBODY else json.loads(text)
    return sellers


def distinct(sellers: Mapping[str, str], skus: Iterable[str]) -> tuple[str, ...]:
    """The sellers of ``skus``, sorted, each once."""
    return tuple(sorted({sellers[sku] for sku in skus if sku in sellers}))
