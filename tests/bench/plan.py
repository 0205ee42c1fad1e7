"""How long and how often: the full form, and the short one that only shows that all of it works."""

from dataclasses import dataclass, replace

# Below 10,000 stored orders nothing has grown yet.
STORED_POWER_MIN = 4


@dataclass(frozen=True)
class Plan:
    """Times are in seconds.

    A rate is tried for ``trial_s``, ``trials_max`` times, and is sustained when it holds for
    ``window_s``; a lower one is taken up to ``windows_max`` times. Without trials the first rate
    is half of what the closed loop does. A pair is ours, the limits and the peers, ``pair_s``
    each. ``rates`` are those that latencies are told of. Idle is a system ``settle_s`` after its
    last load.

    Other comparisons have ``turns``. Of ``large_every`` orders at ``large_rate`` one is large.
    ``flood`` orders wait in Kafka. The broker is ``away_s``, and looked after for ``after_s`` in
    windows of ``slice_s``. Costs are told at so many orders ``stored``, and by ``instances``.
    """

    name: str
    closed_s: float
    trial_s: float
    trials_max: int
    window_s: float
    windows_max: int
    latency_s: float
    rates: tuple[int, ...]
    settle_s: float
    idle_s: float
    pairs: int
    pair_s: float
    limit_s: float
    warm_s: float
    drain_s: float
    turns: int
    large_rate: float
    large_every: int
    flood: int
    away_s: float
    after_s: float
    slice_s: float
    stored: tuple[int, ...]
    instances: tuple[int, ...]
    peers: tuple[str, ...] = ("faststream", "pgbench")
    in_flight: tuple[int, ...] = (64, 256)

    def within(self, seconds: float) -> "Plan":
        """The same with nothing that is measured for longer."""
        named = ("closed_s", "trial_s", "latency_s", "idle_s", "pair_s", "limit_s")
        shorter = {name: min(seconds, getattr(self, name)) for name in named}
        return replace(self, window_s=seconds, **shorter)

    def until_stored(self, orders: int) -> "Plan":
        """The same with costs at every power of ten below so many stored orders, and at them."""
        powers = (10**power for power in range(STORED_POWER_MIN, len(str(orders))))
        return replace(self, stored=(*(one for one in powers if one < orders), orders))


FULL = Plan(
    name="full",
    closed_s=12,
    trial_s=15,
    trials_max=9,
    window_s=60,
    windows_max=5,
    latency_s=30,
    rates=(20, 100, 300, 500),
    settle_s=60,
    idle_s=30,
    pairs=5,
    pair_s=15,
    limit_s=6,
    warm_s=3,
    drain_s=180,
    turns=3,
    large_rate=100,
    large_every=200,
    flood=100_000,
    away_s=60,
    after_s=120,
    slice_s=5,
    stored=(10_000, 100_000),
    instances=(1, 2, 4),
)
SHORT = Plan(
    name="short",
    closed_s=1,
    trial_s=2,
    trials_max=0,
    window_s=1.5,
    windows_max=1,
    latency_s=1,
    rates=(20,),
    settle_s=0,
    idle_s=1,
    pairs=1,
    pair_s=1,
    limit_s=1,
    warm_s=0.3,
    drain_s=60,
    turns=1,
    large_rate=20,
    large_every=10,
    flood=300,
    away_s=1.5,
    after_s=3,
    slice_s=0.5,
    stored=(100, 300),
    instances=(2,),
    peers=("pgbench",),
    in_flight=(64,),
)
