"""Pace: a loop that is busy rests between its rounds, so that more comes together."""

import asyncio

# What came within this time after a rest was waiting for us.
AT_ONCE_S = 0.003
REST_S_MAX = 0.02


class Pace:
    """A round costs about the same for one item as for twenty: wake-ups, round trips, a commit.

    Who finds work at once after a round rests as long as that round took, at most ``REST_S_MAX``;
    who had to wait for it does not rest, nor who had ``enough`` items. So nothing waits when there
    is little to do, and a busy machine is left to others for about half of the time. With an
    ``enough`` of 0 nobody ever rests.
    """

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self._began_at = self._free_since = 0.0
        self._rest_s = 0.0

    def begin(self) -> None:
        """There is work, and a round begins."""
        self._began_at = asyncio.get_running_loop().time()

    def end(self, items: int) -> None:
        """The round is over."""
        now = asyncio.get_running_loop().time()
        came_at_once = self._began_at - self._free_since < AT_ONCE_S
        rests = came_at_once and items < self.enough
        self._rest_s = min(now - self._began_at, REST_S_MAX) if rests else 0.0
        self._free_since = now

    async def rest(self) -> None:
        """Before looking for more."""
        if self._rest_s:
            await asyncio.sleep(self._rest_s)
            self._free_since = asyncio.get_running_loop().time()
            self._rest_s = 0.0
