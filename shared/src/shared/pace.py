"""Pace: a loop that is busy rests between its rounds, so that more comes together."""

import asyncio

# What came within this time after a rest was waiting for us.
AT_ONCE_S = 0.003
REST_S_MAX = 0.05


class Pace:
    """A round costs about the same for one item as for twenty: wake-ups, round trips, a commit.

    Who finds work at once after a round rests as long as that round took, at most ``REST_S_MAX``;
    who had to wait for it does not rest, nor who had ``enough`` items. So nothing waits when there
    is little to do, and a busy machine is left to others for about half of the time. With an
    ``enough`` of 0 nobody ever rests.

    Where nobody waits for what comes of it, rounds begin ``interval_s_min`` apart, so that those
    who are waited for have the machine; a first one still begins at once.
    """

    def __init__(self, enough: int, interval_s_min: float = 0.0) -> None:
        self.enough = enough
        self.interval_s_min = interval_s_min
        self._began_at = self._free_since = 0.0
        self._rest_s = 0.0

    def begin(self) -> None:
        """There is work, and a round begins."""
        self._began_at = asyncio.get_running_loop().time()

    def end(self, items: int) -> None:
        """The round is over."""
        now = asyncio.get_running_loop().time()
        came_at_once = self._began_at - self._free_since < AT_ONCE_S
        took_s = now - self._began_at
        self._rest_s = 0.0
        if items < self.enough:
            self._rest_s = min(took_s, REST_S_MAX) if came_at_once else 0.0
            self._rest_s = max(self._rest_s, self.interval_s_min - took_s)
        self._free_since = now

    async def rest(self) -> None:
        """Before looking for more."""
        if self._rest_s:
            await asyncio.sleep(self._rest_s)
            self._free_since = asyncio.get_running_loop().time()
            self._rest_s = 0.0
