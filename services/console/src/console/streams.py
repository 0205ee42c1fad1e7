"""Pages that are followed: drawn anew when something was heard that they show."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from shared.http.problem import DATABASE_FAILURES, Problem

PAUSE_S, AGAIN_S = 1.0, 5.0
BEAT_S = 15.0
RETRY_AFTER_S = 5
UNDRAWABLE: tuple[type[Exception], ...] = (Problem, *DATABASE_FAILURES)


@dataclass
class Streams:
    """Followers of one process. One with a key is woken by news of it, one without by any."""

    streams_max: int
    pause_s: float = PAUSE_S
    again_s: float = AGAIN_S
    _followers: dict[asyncio.Event, str | None] = field(default_factory=dict)
    _shared: dict[str, tuple[float, str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._followers)

    def stir(self, keys: Collection[str] | None = None) -> None:
        """There is news of ``keys``, or of everything when none are given."""
        for news, key in self._followers.items():
            if keys is None or key is None or key in keys:
                news.set()

    async def follow(
        self, draw: Callable[[], Awaitable[str]], key: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        """A page's stream (HTML, Server-Sent Events).

        Drawn not more often than every ``pause_s``, and every ``again_s`` without news; what looks
        the same is not sent, and a comment keeps the connection when nothing is.
        """
        last, sent_at = "", 0.0
        clock = asyncio.get_running_loop().time
        with self._following(key) as news:
            while True:
                news.clear()
                try:
                    drawn = await draw()
                except UNDRAWABLE:
                    # It cannot be drawn now, or any more; who follows it comes again.
                    return
                if drawn != last:
                    yield message(drawn)
                    last, sent_at = drawn, clock()
                elif clock() - sent_at > BEAT_S:
                    yield b": still here\n\n"
                    sent_at = clock()
                await asyncio.sleep(self.pause_s)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.again_s):
                        await news.wait()

    def shared(self, name: str, draw: Callable[[], str]) -> str:
        """A page that looks the same to everybody is drawn once for all, every ``pause_s``."""
        now = asyncio.get_running_loop().time()
        drawn_at, drawn = self._shared.get(name, (0.0, ""))
        if not drawn or now - drawn_at >= self.pause_s:
            drawn = draw()
            self._shared[name] = (now, drawn)
        return drawn

    def refuse_too_many(self) -> None:
        """Raises ``Problem`` 503."""
        if len(self) >= self.streams_max:
            raise Problem(
                503,
                "too-many-streams",
                "As many pages as may be are followed; this one shows what was when it was drawn.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )

    @contextmanager
    def _following(self, key: str | None) -> Iterator[asyncio.Event]:
        news = asyncio.Event()
        self._followers[news] = key
        try:
            yield news
        finally:
            del self._followers[news]


def message(html: str) -> bytes:
    """One unnamed message; each line of it is a ``data`` field."""
    return "".join(f"data: {line}\n" for line in html.splitlines()).encode() + b"\n"
