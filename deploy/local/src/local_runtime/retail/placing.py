"""Places planned orders, some at a time: first the goods are received, then they are sold."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local_runtime.retail.account import Account
from local_runtime.retail.calls import PatientCalls
from local_runtime.retail.fates import Door, Fate, refused, unanswered
from local_runtime.retail.orders import SaleOrder
from local_runtime.retail.plan import NoGoods, Planned, Unplaceable
from local_runtime.service_calls import UnansweredError

AT_ONCE = 32
LOCATION = "retail"

Advance = Callable[[], None]


@dataclass(frozen=True)
class Till:
    """Where orders are placed; ``inventory`` is the base address of its API."""

    calls: PatientCalls
    inventory: str
    door: Door
    account: Account
    advance: Advance

    async def sell(self, order: SaleOrder) -> None:
        """Receive exactly what is sold, place the order, and note what became of it."""
        self.account.decided(order, await self._fate(order))
        self.advance()

    async def _fate(self, order: SaleOrder) -> Fate:
        try:
            problem = await self._receive(order)
            return refused(problem) if problem else await self.door.place(order)
        except UnansweredError as error:
            return unanswered(str(error))

    async def _receive(self, order: SaleOrder) -> str | None:
        """None when the goods are there. Raises ``UnansweredError``."""
        receipts = [
            {"sku": line["sku"], "location": LOCATION, "quantity": line["quantity"]}
            for line in order.body["lines"]
        ]
        url = f"{self.inventory}/v1/stock/receipts"
        answer = await self.calls.post(url, {"receipts": receipts}, f"{order.reference}-stock")
        if answer.status != 201:
            return f"stock receipt: {answer.problem}"
        self.account.stocked(order)
        return None


async def sell_all(planned: Iterable[Planned], till: Till, per_s: float | None) -> None:
    """Orders at most ``AT_ONCE`` at a time and ``per_s`` a second; note all else."""
    queue: asyncio.Queue[SaleOrder | None] = asyncio.Queue(maxsize=1)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(_sell_from(queue, till))
        turn_at = asyncio.get_running_loop().time()
        for one in planned:
            if isinstance(one, SaleOrder):
                turn_at = await _turn(turn_at, per_s)
                await queue.put(one)
                continue
            till.account.note(one)
            if isinstance(one, NoGoods | Unplaceable):
                till.advance()
        for _ in range(AT_ONCE):
            await queue.put(None)


async def _sell_from(queue: "asyncio.Queue[SaleOrder | None]", till: Till) -> None:
    while (order := await queue.get()) is not None:
        await till.sell(order)


async def _turn(turn_at: float, per_s: float | None) -> float:
    """Wait for this order's turn; gives the next one's."""
    if per_s is None:
        return turn_at
    await asyncio.sleep(max(0.0, turn_at - asyncio.get_running_loop().time()))
    return turn_at + 1 / per_s
