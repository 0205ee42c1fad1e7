"""Keeps one process alive: reaps it, waits its turn, starts it again, or gives up."""

import asyncio
from collections.abc import Callable
from time import monotonic

from local_runtime.restarts import WRONG_SETTING_EXIT_CODE, RestartRule
from local_runtime.runtimes.base import Node


class GaveUpError(RuntimeError):
    """A process could not be kept alive."""

    def __init__(self, name: str, reason: str, log_tail: str, exit_code: int = 1) -> None:
        super().__init__(f"{name} {reason}\n{log_tail}".rstrip())
        self.name = name
        self.reason = reason
        self.log_tail = log_tail
        self.exit_code = exit_code


class Keeper:
    """Watches one started node; ``renewed`` is called whenever its pid has changed."""

    def __init__(self, node: Node, rule: RestartRule, renewed: Callable[[], None]) -> None:
        self.node = node
        self._rule = rule
        self._renewed = renewed
        self._may_start = asyncio.Event()
        self._may_start.set()

    def hold(self) -> None:
        """From now on a death is final, until :meth:`release`."""
        self._may_start.clear()

    def release(self) -> None:
        """Start it again if it is down, and after every death."""
        self._may_start.set()

    async def run(self) -> None:
        """Keep the node alive until cancelled; raise :class:`GaveUpError` when that fails."""
        while True:
            started_s = monotonic()
            code = await self.node.exited()
            if self._may_start.is_set():
                await asyncio.sleep(self._delay_s(code, started_s))
            await self._may_start.wait()
            await self.node.spawn()
            self._renewed()

    def _delay_s(self, code: int, started_s: float) -> float:
        if code == WRONG_SETTING_EXIT_CODE:
            raise self._giving_up("refused its settings (exit 78)", code)
        now_s = monotonic()
        delay_s = self._rule.died(now_s=now_s, lived_s=now_s - started_s)
        if delay_s is None:
            raise self._giving_up(f"died too often, the last time with {code}")
        return delay_s

    def _giving_up(self, reason: str, exit_code: int = 1) -> GaveUpError:
        return GaveUpError(self.node.name, reason, self.node.tail(), exit_code)
