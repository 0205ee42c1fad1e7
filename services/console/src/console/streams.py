"""Pages that are followed: drawn anew when something was heard that they show."""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from shared.http.problem import DATABASE_FAILURES, Problem

from console.render import Document

PAUSE_S, AGAIN_S = 1.0, 5.0
LOOKS_MAX = 8
BEAT_S = 15.0
RETRY_AFTER_S = 5
Look = Callable[[], Awaitable[tuple[Document, float]]]
Render = Callable[[Document], str]
UNDRAWABLE: tuple[type[Exception], ...] = (Problem, *DATABASE_FAILURES)


@dataclass(eq=False)
class Page:
    """One page for all who follow it: looked at when it is due, drawn when it says something new.

    ``look`` gives what it says, and for how many seconds that holds while there is no news of it;
    ``frame`` is what stands around it, from memory. ``room`` is for looks at all pages: when fifty
    are due at once, orders in the services would have to wait for hundreds of questions.
    """

    look: Look
    frame: Callable[[], Document]
    render: Render
    room: asyncio.Semaphore
    has_news: bool = True
    _holds_until_s: float = -math.inf
    _found: Document = field(default_factory=dict)
    _says: Document = field(default_factory=dict)
    _drawn: str = ""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def draw(self) -> str:
        async with self._turn:
            clock = asyncio.get_running_loop().time
            if self.has_news or clock() >= self._holds_until_s:
                self.has_news, self._holds_until_s = False, -math.inf
                async with self.room:
                    self._found, holds_s = await self.look()
                self._holds_until_s = clock() + holds_s
            says = {**self._found, **self.frame()}
            if says != self._says:
                self._drawn, self._says = self.render(says), says
            return self._drawn


@dataclass
class Streams:
    """Followers of one process. One with a key is woken by news of it, one without by any."""

    streams_max: int
    pause_s: float = PAUSE_S
    again_s: float = AGAIN_S
    _followers: dict[asyncio.Event, str | None] = field(default_factory=dict)
    _shared: dict[str, tuple[float, str]] = field(default_factory=dict)
    # Whoever follows a page holds it; it goes with the last of them.
    _pages: WeakValueDictionary[str, Page] = field(default_factory=WeakValueDictionary)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOOKS_MAX))

    def __len__(self) -> int:
        return len(self._followers)

    def stir(self, keys: Collection[str] | None = None) -> None:
        """There is news of ``keys``, or of everything when none are given."""
        for shown, page in self._pages.items():
            page.has_news |= keys is None or shown in keys
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

    def page(self, key: str, look: Look, frame: Callable[[], Document], render: Render) -> Page:
        """The page that others follow under this key, or a new one."""
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = Page(look, frame, render, self._room)
        return page

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
