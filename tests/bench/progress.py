"""What is told while it goes on: a line for each thing done, and one that lives."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.status import Status

from tests.bench.spec import Json


class Progress:
    """Silent when a document was asked for."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._status: Status | None = None
        self._doing = ""
        self._started_at = monotonic()

    def say(self, words: str) -> None:
        """A line, behind the seconds since the start."""
        self.console.print(f"{monotonic() - self._started_at:6.1f} s  {words}", markup=False)

    @contextmanager
    def doing(self, words: str) -> Iterator[None]:
        """The line that lives while the block lasts; no block stands in another."""
        self._doing = words
        with self.console.status(words) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def told(self, by_generator: Json) -> None:
        """What the generator says of itself."""
        if self._status is not None:
            self._status.update(f"{self._doing}  {_line(by_generator)}")


def _line(told: Json) -> str:
    latency = f"  p50 {told['p50']:.0f} p99 {told['p99']:.0f} ms" if "p50" in told else ""
    return (
        f"{told['at_s']:5.1f} s  placed {told['placed']}  confirmed {told['confirmed']}"
        f"  outstanding {told['outstanding']}{latency}"
    )
