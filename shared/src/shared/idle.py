"""What a loop does that has found nothing to do: it rests until it is woken, or looks again."""

import asyncio
import math

LOOK_FIRST_S, LOOK_MAX_S = 0.2, 1.0


class Idle:
    """Looks are the net below wakes; they come less often the longer nothing has happened."""

    def __init__(self, look_max_s: float = LOOK_MAX_S) -> None:
        self._look_max_s = look_max_s
        self._woken = asyncio.Event()
        self._pause_s = LOOK_FIRST_S

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def looking(self) -> None:
        """Call before each look: whatever wakes from here on ends the next rest at once."""
        self._woken.clear()

    async def rest(self, due_s: float = math.inf) -> None:
        """Until woken, or until it is time to look anyway: after ``due_s`` at the latest."""
        try:
            async with asyncio.timeout(min(self._pause_s, due_s)):
                await self._woken.wait()
            self._pause_s = LOOK_FIRST_S
        except TimeoutError:
            self._pause_s = min(2 * self._pause_s, self._look_max_s)
