"""Deaths and stops at named points, each with the witness that it happened."""

import asyncio
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.shop import Shop
from tests.support.waiting import eventually


@dataclass(frozen=True)
class Death:
    """An instance ordered to die; ``end`` gives the exit code of the process that was there."""

    shop: Shop
    instance: str
    pid: int
    order: Path
    end: "asyncio.Task[int]"

    @classmethod
    def ordered(cls, shop: Shop, instance: str, point: str) -> "Death":
        node = shop.system.node(instance)
        assert node.pid is not None
        end = asyncio.create_task(node.exited(), name=f"end of {instance}")
        return cls(shop, instance, node.pid, shop.order_death(instance, point), end)

    async def happened(self) -> None:
        """The order was taken away, and the process ended by SIGKILL."""
        await self.shop.died(self.order)
        async with asyncio.timeout(5):
            assert await self.end == -signal.SIGKILL

    async def overcome(self) -> None:
        """The supervisor has started another process, and it is ready."""
        await self.shop.system.wait_replaced(self.instance, self.pid)


@dataclass
class Stop:
    """An instance ordered to stop itself; SIGCONT lets it go on as if nothing had happened."""

    shop: Shop
    instance: str
    pid: int
    order: Path
    since: float = 0.0

    @classmethod
    def ordered(cls, shop: Shop, instance: str, point: str) -> "Stop":
        pid = shop.system.node(instance).pid
        assert pid is not None
        return cls(shop, instance, pid, shop.order_death(instance, point, how="STOP"))

    @property
    def holds(self) -> bool:
        """Whether the process is there and stopped."""
        return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)

    async def happened(self) -> None:
        async def look() -> bool:
            return not self.order.exists() and self.holds

        await eventually(look, f"{self.order.name} obeyed")
        self.since = time.monotonic()

    def end(self) -> None:
        assert self.holds, f"{self.instance} was not stopped all the time"
        self.shop.system.kill(self.instance, signal.SIGCONT)
