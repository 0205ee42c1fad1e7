"""OrderPlaced -> StockReserved | StockRejected."""

from collections.abc import Sequence

from shared.contracts.inventory import Hold, StockRejected, StockRejectionReason, StockReserved
from shared.contracts.inventory import Shortage as Missing
from shared.contracts.orders import OrderPlaced
from shared.messaging.batch import Batch

from inventory.domain.order import answered
from inventory.domain.reservation import Reserved, Shortage, plan_reservation
from inventory.domain.sellers import sellers_of
from inventory.work import InventoryWork


async def reserve_stock(placed: Batch[OrderPlaced], work: InventoryWork) -> None:
    """OrderPlaced -> StockReserved | StockRejected: hold every line of an order, or none."""
    for order in placed:
        if work.rows[order.order_id].status != "none":
            continue  # It ended before it was heard of, or it has its answer: nobody waits.
        if work.now >= order.decide_by:
            _reject(order, work, "deadline-passed")
            continue
        match plan_reservation(order.lines, work.stock.available):
            case Reserved(holds):
                _hold(order, work, holds)
            case Shortage(missing):
                _reject(order, work, "out-of-stock", missing)


def _hold(order: OrderPlaced, work: InventoryWork, holds: tuple[Hold, ...]) -> None:
    row = work.rows[order.order_id]
    work.rows[order.order_id] = answered(row, order.tenant, "held", sellers_of(order.lines))
    work.stock.take(order.order_id, holds)
    work.publish(StockReserved(order_id=order.order_id, tenant=order.tenant, holds=holds))


def _reject(
    order: OrderPlaced,
    work: InventoryWork,
    reason: StockRejectionReason,
    missing: Sequence[Missing] = (),
) -> None:
    row = work.rows[order.order_id]
    work.rows[order.order_id] = answered(row, order.tenant, "rejected")
    work.publish(
        StockRejected(
            order_id=order.order_id, tenant=order.tenant, reason=reason, missing=tuple(missing)
        )
    )
