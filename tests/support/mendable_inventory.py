"""The inventory service with a switch: a planted bug in its handler, and a later release's event.

Run as a script instead of ``python -m inventory``. In ``INVENTORY_CRASH_DIR``: the file ``bug``
lists SKUs whose orders fail (``*`` fails all); with the file ``v2`` at its start, the service
knows ``orders.order-placed.v2`` too, as after an upgrade.
"""

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from inventory import app
from inventory.settings import InventorySettings
from shared.contracts.orders import OrderPlaced
from shared.messaging.batch import Batch
from shared.running import run
from shared.service import Service

SWITCHES = Path(os.environ.get("INVENTORY_CRASH_DIR", "."))


class PlantedBug(RuntimeError):
    """What the handler raises while the bug is in."""


class OrderPlacedV2(OrderPlaced):
    """A later release's event."""

    type: ClassVar[str] = "orders.order-placed.v2"


def build(settings: InventorySettings) -> Service:
    service = app.build(settings)
    (group,) = service.groups
    handlers = dict(group.handlers)
    handlers[OrderPlaced] = _failing(handlers[OrderPlaced])
    if (SWITCHES / "v2").exists():
        handlers[OrderPlacedV2] = handlers[OrderPlaced]
    return replace(service, groups=(replace(group, handlers=handlers),))


def _failing(
    handler: Callable[[Batch[Any], Any], Awaitable[None]],
) -> Callable[[Batch[Any], Any], Awaitable[None]]:
    async def reserve_stock(placed: Batch[OrderPlaced], work: Any) -> None:
        skus = _bugs()
        if any("*" in skus or line.sku in skus for order in placed for line in order.lines):
            raise PlantedBug
        await handler(placed, work)

    return reserve_stock


def _bugs() -> set[str]:
    try:
        return set((SWITCHES / "bug").read_text().split())
    except FileNotFoundError:
        return set()


if __name__ == "__main__":
    run(InventorySettings, build)
