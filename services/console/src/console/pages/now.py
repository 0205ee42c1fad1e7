"""Now: how many orders, how fast, what waits, and whether anything is red."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from asyncpg import Record
from shared.service import Running

from console import store
from console.backends import Backends
from console.board import Board
from console.domain.alarms import (
    DECIDED_WITHIN_S,
    Instance,
    Promise,
    alarms,
    unchecked,
    watch_silent_s,
    worst,
)
from console.domain.facts import Fact
from console.domain.picture import OUTCOMES
from console.looks import look

RATE_WINDOW = timedelta(minutes=1)
LEVEL_WINDOW = timedelta(minutes=5)
MONEY_WINDOW = timedelta(hours=1)
PROVIDER_WINDOW = timedelta(seconds=30)
LATE_AFTER = timedelta(seconds=DECIDED_WITHIN_S)
QUIET_LOOK_S = 10.0
CHART_MINUTES = 30
CHART_HEIGHT = 100


async def look_around(running: Running, backends: Backends, board: Board) -> None:
    """What is cheap to ask: every instance's gauges, and the orders of the last minute.

    While nobody follows a page, every ``QUIET_LOOK_S`` is soon enough.
    """
    looked_s = asyncio.get_running_loop().time()
    if not board.streams and looked_s - board.looked_s < QUIET_LOOK_S:
        return
    board.looked_s = looked_s
    troubled = board.troubled
    board.instances = await look(backends)
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        board.minute = await store.decided(db, now - RATE_WINDOW, LATE_AFTER)
    calls, unknown = answers(board, now)
    board.level = replace(
        board.level,
        calls=calls,
        unknown=unknown,
        unchecked_s=unchecked_s(board, now),
        watch_silent_s=watch_silent_s(board.instances, now.timestamp()),
    )
    board.alarms = alarms(board.instances, board.level)
    board.at, board.seen_s = now, time.monotonic()
    # Who is in trouble is named on the page of every order that waits for them.
    board.streams.stir(() if board.troubled == troubled else None)


async def add_up(running: Running, board: Board) -> None:
    """What takes a look at many orders: the level of the last five minutes, chart and money."""
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
        board.decided = await store.decided(db, now - LEVEL_WINDOW, LATE_AFTER)
        undecided = await store.undecided(db, now)
        chart = await store.by_minute(db, _first_minute(now))
        board.money = [dict(one) for one in await store.money(db, now - MONEY_WINDOW)]
    board.undecided = undecided["undecided"]
    board.chart = bars(chart, now)
    orders, late = lateness(board.decided)
    overdue = undecided["overdue"]
    board.level = replace(board.level, orders=orders, late=late, overdue=overdue)
    board.added_up = True


def document(board: Board) -> dict[str, Any]:
    """All that the page shows; amounts and lengths of time have their units in their names."""
    return {
        "at": board.at,
        **board.frame,
        "outcomes": outcomes(board.minute),
        "confirmed_s": _confirmed_s(board.decided),
        "undecided": board.undecided,
        "overdue": board.level.overdue,
        "money": board.money,
        "chart": board.chart,
        **waiting(board.instances),
        "ticker": [ticked(one) for one in reversed(board.ticker)],
    }


def system_document(board: Board) -> dict[str, Any]:
    """The same with every partition: the page on which each part of the system is looked for."""
    return {**document(board), "topics": topics(board)}


def topics(board: Board) -> list[dict[str, Any]]:
    """The record that was read last of each partition since the console was started."""
    return [
        {"topic": topic, "partition": partition, "offset": fact.place.offset, "at": fact.at}
        for (topic, partition), fact in sorted(board.newest.items())
    ]


def lateness(decided: Sequence[Record]) -> tuple[int, int]:
    """Orders, and those that were late: an expired one always, one that was cancelled never."""
    counted = [one for one in decided if one["outcome"] != "cancelled"]
    late = sum(one["orders"] if one["outcome"] == "expired" else one["late"] for one in counted)
    return sum(one["orders"] for one in counted), late


def unchecked_s(board: Board, now: datetime) -> dict[Promise, float]:
    """For how many seconds each promise that nobody has checked has been seen like that."""
    before = board.unchecked_since
    board.unchecked_since = {one: before.get(one, now) for one in unchecked(board.instances)}
    return {one: (now - at).total_seconds() for one, at in board.unchecked_since.items()}


def answers(board: Board, now: datetime) -> tuple[int, int]:
    """What the provider was asked in the last ``PROVIDER_WINDOW``, and left unknown.

    A counter that is lower than it was belongs to a process that was started since. Those of an
    instance that is silent are not known, and are no news when it answers again.
    """
    if not all(one.answers for one in board.instances if one.service == "payments"):
        return board.level.calls, board.level.unknown
    counts: dict[str, float] = {}
    for one in board.instances:
        for answer, count in one.gauges.get("provider_calls_total", {}).items():
            counts[answer] = counts.get(answer, 0) + count
    total, unknown = sum(counts.values()), counts.get("unknown", 0)
    if board.provider and total < board.provider[-1][1]:
        board.provider.clear()
    board.provider.append((now, total, unknown))
    while board.provider[0][0] < now - PROVIDER_WINDOW:
        board.provider.popleft()
    _, total_then, unknown_then = board.provider[0]
    return int(total - total_then), int(unknown - unknown_then)


def outcomes(minute: Sequence[Record]) -> list[dict[str, Any]]:
    """Orders a second by outcome, over the last minute."""
    found = {one["outcome"]: one["orders"] for one in minute}
    seconds = RATE_WINDOW.total_seconds()
    return [{"outcome": one, "orders_s": found.get(one, 0) / seconds} for one in OUTCOMES]


def bars(rows: Sequence[Record], now: datetime) -> list[dict[str, Any]]:
    """One column for each of the last ``CHART_MINUTES``; heights are parts of the highest."""
    counts: dict[datetime, dict[str, int]] = {}
    for row in rows:
        counts.setdefault(row["minute"], {})[row["outcome"]] = row["orders"]
    first = _first_minute(now)
    minutes = [first + timedelta(minutes=n) for n in range(CHART_MINUTES)]
    highest = max((sum(counts.get(one, {}).values()) for one in minutes), default=0)
    return [_bar(minute, counts.get(minute, {}), highest) for minute in minutes]


def waiting(instances: Sequence[Instance]) -> dict[str, Any]:
    """By group, outbox and kind of work: how much waits, and for how long."""
    records = worst(instances, "consumer_lag_records")
    stopped = worst(instances, "partition_stopped")
    ages = worst(instances, "outbox_oldest_age_seconds")
    work_ages = worst(instances, "work_oldest_age_seconds")
    parked = worst(instances, "parked_keys")
    return {
        "instances": [{"service": one.service, "answers": one.answers} for one in instances],
        "groups": [
            {
                "group": group,
                "service": service,
                "behind_s": behind_s,
                "behind_records": records.get((service, group), 0),
                "stopped": stopped.get((service, group), 0) > 0,
                "parked_keys": parked.get((service, group), 0),
            }
            for (service, group), behind_s in worst(instances, "consumer_lag_seconds").items()
        ],
        "outboxes": [
            {"service": service, "rows": rows, "oldest_age_s": ages.get((service, ""), 0)}
            for (service, _), rows in worst(instances, "outbox_rows").items()
        ],
        "work": [
            {"service": place[0], "kind": place[1], "rows": rows, "oldest_age_s": work_ages[place]}
            for place, rows in worst(instances, "work_rows").items()
            if place in work_ages
        ],
        "invariants": _invariants(instances),
    }


def _invariants(instances: Sequence[Instance]) -> list[dict[str, Any]]:
    """``violations`` are as they were found last, and None when nobody has looked yet."""
    broken, doubtful = worst(instances, "invariant_violations"), unchecked(instances)
    return [
        {
            "service": place[0],
            "name": place[1],
            "violations": broken.get(place),
            "unchecked": place in doubtful,
        }
        for place in sorted(broken.keys() | doubtful)
    ]


def ticked(fact: Fact) -> dict[str, Any]:
    return {
        **asdict(fact.place),
        "at": fact.at,
        "type": fact.type,
        "key": fact.key,
        "order_id": fact.order_id,
        "problem": fact.problem,
    }


def _bar(minute: datetime, counts: Mapping[str, int], highest: int) -> dict[str, Any]:
    """``parts`` lie on each other, the first at the bottom; ``y`` counts from the top."""
    parts, below = [], 0.0
    for outcome in OUTCOMES:
        orders = counts.get(outcome, 0)
        height = CHART_HEIGHT * orders / highest if highest else 0
        below += height
        place = {"y": round(CHART_HEIGHT - below, 1), "height": height}
        parts.append({"outcome": outcome, "orders": orders, **place})
    return {"minute": minute, "orders": sum(counts.values()), "parts": parts}


def _confirmed_s(level: Sequence[Record]) -> dict[str, float | None]:
    """From placed to confirmed, over the last five minutes, in seconds."""
    found = next((one["seconds"] for one in level if one["outcome"] == "confirmed"), None)
    return dict(zip(("p50", "p99"), found or (None, None), strict=True))


def _first_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) - timedelta(minutes=CHART_MINUTES - 1)
