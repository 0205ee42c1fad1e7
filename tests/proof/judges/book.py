"""The payment provider's own book: every operation that it really did."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp

SIGNS = {"capture": 1, "refund": -1}


@dataclass(frozen=True)
class Operation:
    """``op`` is one of authorize, capture, void and refund."""

    op: str
    order_id: str
    amount_minor: int
    ok: bool


async def read(http: aiohttp.ClientSession, provider_url: str) -> list[Operation]:
    async with http.get(f"{provider_url}/book") as answer:
        answer.raise_for_status()
        return [
            Operation(one["op"], one["order_id"], int(one["amount_minor"]), bool(one["ok"]))
            for one in await answer.json()
        ]


def held_minor(book: Iterable[Operation]) -> Counter[str]:
    """What the shop has of each order's buyer: captured less refunded."""
    held: Counter[str] = Counter()
    for one in book:
        if one.ok:
            held[one.order_id] += SIGNS.get(one.op, 0) * one.amount_minor
    return held


def captures(book: Iterable[Operation]) -> Counter[str]:
    """How often each order's buyer was charged."""
    return Counter(one.order_id for one in book if one.op == "capture" and one.ok)
