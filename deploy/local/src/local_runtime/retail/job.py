"""What to replay, and how."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Via(StrEnum):
    """How orders are submitted."""

    HTTP = "http"
    KAFKA = "kafka"


@dataclass(frozen=True)
class Job:
    """At most ``limit`` orders of the file, ``per_s`` a second; None is no limit."""

    file: Path
    via: Via
    token: str
    limit: int | None = None
    per_s: float | None = None
    topic_prefix: str = ""
