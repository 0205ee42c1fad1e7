"""Tables of how the system bears what is not usual: floods, outages, hot and large orders."""

from tests.bench.rows import Row, Section, number, spenders, spread_of
from tests.bench.spec import Json

HOT_HEAD = ("closed loop", "orders/s", "range")
LARGE_HEAD = ("p99, ms", "median", "range")
DRAIN_HEAD = (
    "waited",
    "s",
    "orders/s",
    "not confirmed",
    "slowest, s",
    "deadline, s",
    "CPU s/1,000",
)
MEMORY_HEAD = ("process", "before, MB", "highest", "after")
OUTAGE_HEAD = (
    *("intake", "rate", "of at most", "away, s", "backlog", "p99 before, ms"),
    *("as usual after, s", "for good", "by arithmetic", "caught up, orders/s", "not confirmed"),
)
WINDOW_HEAD = ("s since the broker is back", "intake", "placed", "ended", "p50, ms", "p99")
GROWTH_HEAD = ("orders stored", "orders/s", "CPU s/1,000", "of which", "bytes of an order")
TRACED_HEAD = ("traces kept", "CPU s/1,000", "range", "of that without", "range", "exported, MB")
INSTANCES_HEAD = ("of each service", "orders/s", "range", "CPU s/1,000", "of which")


def hot_rows(told: Json) -> list[Row]:
    one = told.get("hot")
    if not one:
        return []
    return [
        (f"any SKU, {one['in_flight']} in flight", *spread_of(one["standard_orders_s"])),
        ("one SKU in every order", *spread_of(one["hot_orders_s"])),
        ("ratio", *spread_of(one["ratio"])),
    ]


def large_rows(told: Json) -> list[Row]:
    one = told.get("large")
    if not one:
        return []
    large = f"every {one['large_every']}th order of {one['large_lines']} lines"
    return [
        (f"small orders, {one['rate']:g}/s", *spread_of(one["p99_ms_without"])),
        (f"small orders, {large}", *spread_of(one["p99_ms_with"])),
        ("ratio", *spread_of(one["ratio"])),
        ("the large ones", *spread_of(one["large_p99_ms"])),
    ]


def drain_rows(told: Json) -> list[Row]:
    one = told.get("drain")
    if not one:
        return []
    times = (one["in_system_s_max"], one["deadline_s"], one["cpu_s_per_1000"]["total"])
    shown = (number(one["seconds"]), number(one["orders_s"]), str(one["not_confirmed"]))
    return [(f"{one['orders']:,}", *shown, *map(number, times))]


def memory_rows(told: Json) -> list[Row]:
    return [
        (name, *(number(one[when]) for when in ("before", "highest", "after")))
        for name, one in told.get("drain", {}).get("rss_mb", {}).items()
    ]


def outage_rows(told: Json) -> list[Row]:
    figures = (
        *("rate", "full_orders_s", "away_s", "backlog_orders", "p99_before_ms"),
        *("as_usual_after_s", "for_good_after_s", "by_arithmetic_s", "caught_up_orders_s"),
    )
    return [
        (intake, *(number(one[name]) for name in figures), str(one["not_confirmed"]))
        for intake, one in told.get("outage", {}).items()
    ]


def window_rows(told: Json) -> list[Row]:
    """Those since the broker was back."""
    return [
        (
            number(window["at_s"]),
            intake,
            *(str(window[name]) for name in ("placed", "ended")),
            *(number(window.get(name)) for name in ("p50", "p99")),
        )
        for intake, one in told.get("outage", {}).items()
        for window in one["windows"]
        if window["at_s"] >= 0
    ]


def growth_rows(told: Json) -> list[Row]:
    return [
        (
            f"{one['stored']:,}",
            number(one["orders_s"]["median"]),
            number(one["cpu_s_per_1000"]["total"]),
            spenders(one["cpu_s_per_1000"]),
            ", ".join(f"{name} {size}" for name, size in one["bytes_per_order"].items()),
        )
        for one in told.get("growth", {}).values()
    ]


def instances_rows(told: Json) -> list[Row]:
    return [
        (
            each,
            *spread_of(one["orders_s"]),
            number(one["cpu_s_per_1000"]["total"]),
            spenders(one["cpu_s_per_1000"]),
        )
        for each, one in told.get("by_instances", {}).items()
    ]


def traced_rows(told: Json) -> list[Row]:
    return [
        (
            share,
            *spread_of(one["cpu_s_per_1000"]),
            *spread_of(one["ratio"]),
            number(one["exported_bytes"] / 2**20),
        )
        for share, one in told.get("traced", {}).items()
    ]


SECTIONS = (
    Section("Every order wants one SKU", HOT_HEAD, hot_rows),
    Section("Large orders among small ones", LARGE_HEAD, large_rows),
    Section("Orders that waited in Kafka", DRAIN_HEAD, drain_rows),
    Section("Memory meanwhile", MEMORY_HEAD, memory_rows),
    Section("The broker away", OUTAGE_HEAD, outage_rows),
    Section("After the outage, by when orders were placed", WINDOW_HEAD, window_rows),
    Section("Cost of an order as more are stored", GROWTH_HEAD, growth_rows),
    Section("More instances", INSTANCES_HEAD, instances_rows),
    Section("What tracing costs", TRACED_HEAD, traced_rows),
)
