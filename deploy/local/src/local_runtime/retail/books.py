"""Whether money and goods are where the orders say: the provider's own book, the stock."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from yarl import URL

from local_runtime.polling import StillWaitingError, until
from local_runtime.retail.calls import PatientCalls
from local_runtime.service_calls import UnansweredError

SETTLE_TIMEOUT_S = 60.0
SETTLE_POLL_S = 1.0
READS_AT_ONCE = 16


@dataclass
class Money:
    """What the provider did for some orders, in pence; ``wrong`` says where it should not."""

    captured_minor: int = 0
    refunded_minor: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Goods:
    """Units of the SKUs sold; ``wrong`` says where receipts less sales are not on the shelf."""

    skus: int = 0
    on_hand: int = 0
    reserved: int = 0
    available: int = 0
    wrong: list[str] = field(default_factory=list)


def money(book: Iterable[Mapping[str, Any]], kept_minor: Mapping[str, int]) -> Money:
    """Compare the book with what each order must have left at the provider."""
    moved: dict[str, Counter[str]] = {
        "capture": Counter(),
        "refund": Counter(),
    }
    for one in book:
        if one["ok"] and one["op"] in moved and one["order_id"] in kept_minor:
            moved[one["op"]][one["order_id"]] += one["amount_minor"]
    found = Money(moved["capture"].total(), moved["refund"].total())
    for order_id, kept in kept_minor.items():
        held = moved["capture"][order_id] - moved["refund"][order_id]
        if held != kept:
            found.wrong.append(f"{order_id}: the provider holds {held} pence instead of {kept}")
    return found


def goods(
    levels: Mapping[str, Mapping[str, int]], received: Mapping[str, int], sold: Mapping[str, int]
) -> Goods:
    """``levels`` by SKU: what is not promised to an order must be what was not sold."""
    found = Goods(len(levels))
    for sku, level in sorted(levels.items()):
        found.on_hand += level["on_hand"]
        found.reserved += level["reserved"]
        found.available += level["available"]
        left = received.get(sku, 0) - sold.get(sku, 0)
        if level["available"] != left:
            found.wrong.append(f"{sku}: {level['available']} available instead of {left}")
    return found


@dataclass(frozen=True)
class Judge:
    """Reads the provider's book and the stock; each call raises ``UnansweredError``."""

    calls: PatientCalls
    provider: str
    inventory: str

    async def settled_money(self, kept_minor: Mapping[str, int]) -> Money:
        """The book once it agrees; as it is in the end when it does not."""
        found = Money()

        async def agrees() -> bool:
            nonlocal found
            answer = await self.calls.get(f"{self.provider}/book")
            found = money(answer.document, kept_minor)
            return not found.wrong

        await _in_time(agrees)
        return found

    async def settled_goods(self, received: Mapping[str, int], sold: Mapping[str, int]) -> Goods:
        """The stock of all SKUs once it agrees; as it is in the end when it does not."""
        levels: dict[str, Mapping[str, int]] = {}
        doubtful: Collection[str] = received.keys()

        async def agree() -> bool:
            nonlocal doubtful
            levels.update(await self._levels(doubtful))
            doubtful = [sku for sku in doubtful if goods({sku: levels[sku]}, received, sold).wrong]
            return not doubtful

        await _in_time(agree)
        return goods(levels, received, sold)

    async def _levels(self, skus: Collection[str]) -> dict[str, Mapping[str, int]]:
        room = asyncio.Semaphore(READS_AT_ONCE)

        async def level(sku: str) -> Mapping[str, int]:
            async with room:
                url = f"{self.inventory}/v1/stock/{quote(sku, safe='')}"
                answer = await self.calls.get(str(URL(url, encoded=True)))
            if answer.status != 200:
                raise UnansweredError(f"stock of {sku}: {answer.problem}")
            return dict(answer.document)

        found = await asyncio.gather(*(level(sku) for sku in skus))
        return dict(zip(skus, found, strict=True))


async def _in_time(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what settles after the last decision; what does not is told by the caller."""
    try:
        await until(
            condition, timeout_s=SETTLE_TIMEOUT_S, interval_s=SETTLE_POLL_S, what="the books"
        )
    except StillWaitingError:
        return
