"""Inventory's unit of work: the stock it may move is locked once, and written back once."""

from collections.abc import Collection, Sequence

from shared.contracts.event import Event
from shared.contracts.orders import OrderCancelled, OrderExpired, OrderPlaced, OrderRejected
from shared.messaging.unit_of_work import Opening, Rank, UnitOfWork

from inventory import store
from inventory.domain.order import OrderHolds
from inventory.domain.stock import HeldStock, Place, Stock

ENDINGS = (OrderRejected, OrderExpired, OrderCancelled)


class InventoryWork(UnitOfWork[OrderHolds]):
    """``stock`` is what this transaction has locked; handlers take from it and give back to it."""

    table = store.ORDER_HOLDS

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.stock = Stock()

    async def prepare(self, events: Sequence[Event]) -> None:
        """Lock all stock that placed orders want and that ending orders hold, before round one."""
        holds = await self.read_holds()
        ending = {event.order_id for event in events if isinstance(event, ENDINGS)}
        wanted = {
            line.sku for event in events if isinstance(event, OrderPlaced) for line in event.lines
        }
        held = {hold.place.sku for hold in holds if hold.order_id in ending}
        await self.lock_stock(wanted | held, holds)

    async def read_holds(self) -> list[HeldStock]:
        """What the locked orders hold; nobody else can change it now."""
        held = [row.order_id for row in self.rows.values() if row.status == "held"]
        return await store.read_holds(self.db, held) if held else []

    async def lock_stock(
        self,
        skus: Collection[str],
        holds: Collection[HeldStock] = (),
        new_places: Collection[Place] = (),
    ) -> None:
        """Lock every location of ``skus`` (rank 5) into ``stock``, beside the orders' ``holds``."""
        self.lock(Rank.STOCK)
        if new_places:
            await store.add_places(self.db, new_places)
        levels = await store.lock_stock(self.db, skus) if skus else {}
        self.stock = Stock(levels, holds)

    async def save(self) -> None:
        """Write levels, movements and holds back."""
        if not self.stock.movements:
            return
        if changes := self.stock.changes():
            await store.change_stock(self.writes, changes)
        await store.add_movements(self.writes, self.stock.movements, self.now)
        if holds := self.stock.changed_holds:
            await store.save_holds(self.writes, holds.values())
        self.stock.saved()
