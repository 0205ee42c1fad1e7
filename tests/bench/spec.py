"""What one load is, and what came of it: the two documents between generator and benchmark."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from tests.bench.orders import Shape

Intake: TypeAlias = Literal["kafka", "http"]
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Spec:
    """Orders at ``rate`` a second by the clock, or always ``in_flight`` of them, for ``seconds``.

    Those placed in the first ``warm_s`` are in no figure but those of windows, ``slice_s`` long.
    What is outstanding at the end is waited for, ``drain_s`` at most. Of ``large_every`` orders
    one has 600 lines. Orders by Kafka come in traces, of which the share ``sampled`` is kept; None
    leaves that to the services.
    """

    kafka: str
    prefix: str
    orders_url: str
    intake: Intake
    shape: Shape
    seconds: float
    rate: float = 0.0
    in_flight: int = 0
    warm_s: float = 0.0
    drain_s: float = 60.0
    slice_s: float = 5.0
    large_every: int = 0
    sampled: float | None = None
    seed: int = 1
    run: str = "bench"

    def document(self) -> Json:
        return asdict(self)


@dataclass
class Outcome:
    """Counts are of the whole load, ``orders_s`` and latencies of what came after ``warm_s``.

    ``latency_ms`` is from the scheduled time to the confirmation's arrival at the generator;
    ``acknowledged_ms`` to the answer of the API. ``late_ms_max`` is how far the generator itself
    fell behind its schedule. ``outstanding`` were placed and never decided. ``told_again`` is how
    often the API asked for the same request once more, at a later time.

    ``large_ms`` are the latencies of orders that were mixed in as large ones; ``latency_ms`` does
    not count them. ``windows`` are those of a ``Timeline``, from ``started_at`` on; that and
    ``ended_at``, the last end of an order, are of the monotonic clock, which processes share.
    """

    placed: int = 0
    confirmed: int = 0
    otherwise: int = 0
    refused: int = 0
    outstanding: int = 0
    told_again: int = 0
    window_s: float = 0.0
    orders_s: float = 0.0
    latency_ms: dict[str, float] = field(default_factory=dict)
    acknowledged_ms: dict[str, float] = field(default_factory=dict)
    large_ms: dict[str, float] = field(default_factory=dict)
    windows: list[dict[str, float]] = field(default_factory=list)
    started_at: float = 0.0
    ended_at: float = 0.0
    late_ms_max: float = 0.0
    cpu_s: float = 0.0
    trouble: list[str] = field(default_factory=list)
