"""The payment provider's own book: every operation that it really did."""

from collections.abc import Iterable
from typing import NamedTuple

import aiohttp


class Operation(NamedTuple):
    """``op`` is one of authorize, capture, void and refund; without ``ok`` nothing was done."""

    op: str
    order_id: str
    amount_minor: int
    currency: str
    ok: bool


async def read(http: aiohttp.ClientSession, provider_url: str) -> list[Operation]:
    async with http.get(f"{provider_url}/book") as answer:
        answer.raise_for_status()
        return [Operation(*map(one.get, Operation._fields)) for one in await answer.json()]


def amounts(book: Iterable[Operation], op: str) -> list[int]:
    """What one kind of operation has moved each time, in minor units."""
    return [one.amount_minor for one in book if one.op == op and one.ok]
