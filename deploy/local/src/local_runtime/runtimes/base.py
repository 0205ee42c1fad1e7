"""What every runtime offers: addresses of a running Kafka and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Protocol


@dataclass(frozen=True)
class PartnerKafka:
    """Where partners reach Kafka, by TLS and SCRAM, and the file with whom they trust."""

    bootstrap: str
    ca_file: Path


@dataclass(frozen=True)
class Backing:
    """A running Kafka and PostgreSQL."""

    kafka: str
    postgres_admin_dsn: str
    partner_kafka: PartnerKafka | None = None


class Runtime(Protocol):
    """Starts and stops a backing."""

    name: str

    @property
    def nodes(self) -> Sequence["Node"]:
        """The processes, for whoever keeps them alive; empty when they are not ours."""

    @property
    def stages(self) -> dict[str, float]:
        """Seconds per stage of the last start."""

    async def start(self) -> Backing:
        """Return when both answer."""

    async def stop(self) -> None:
        """Leave no process behind; state stays."""


class Node(Protocol):
    """One supervised server process: broker, database, simulator or service instance."""

    name: str

    @property
    def pid(self) -> int | None:
        """The process id, None while it is down."""

    async def spawn(self) -> None:
        """Start the process without waiting for it to answer."""

    async def wait_ready(self, timeout_s: float) -> None:
        """Return when it answers; raise when it ends before, or is too late."""

    async def exited(self) -> int:
        """Wait for the process's end and reap it."""

    async def stop(self, timeout_s: float) -> None:
        """End the process."""

    def send(self, number: int) -> None:
        """Send a signal to the process."""

    def tail(self) -> str:
        """The end of its log."""


class NotReadyError(RuntimeError):
    """A server ended before it answered, or did not answer in time."""


@dataclass
class Stopwatch:
    """Seconds per stage of a start."""

    stages: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block under ``name``."""
        started_s = monotonic()
        try:
            yield
        finally:
            self.stages[name] = round(monotonic() - started_s, 2)
