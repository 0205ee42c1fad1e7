"""Gathers what the judges are to see, and what a person wants to know of a broken order."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp

from tests.proof.arena import Arena
from tests.proof.judges import book, kafka, mailbox, stock
from tests.proof.judges.journal import Journal
from tests.proof.judges.verdict import Evidence


async def gather(arena: Arena, journal: Journal, since: Mapping[kafka.Place, int]) -> Evidence:
    """Read everything anew, from people's own doors."""
    addresses, http = arena.system.addresses, arena.shop.http
    told = await _everything(addresses.kafka, arena.system.config.topic_prefix, since)
    placed = {one.key for one in told if one.type == "orders.order-placed.v1"}
    order_ids = placed - arena.forged
    return Evidence(
        journal=journal,
        told=told,
        book=await book.read(http, addresses.provider),
        mails=await mailbox.read(http, f"{addresses.mail}/messages"),
        webhooks=arena.partner.told(),
        shelves=await stock.read(http, arena.shop.url("inventory"), journal.received),
        statuses=await _statuses(arena, order_ids),
        elsewhere=frozenset(arena.elsewhere),
        forged=frozenset(arena.forged),
    )


async def _everything(
    bootstrap: str, prefix: str, since: Mapping[kafka.Place, int]
) -> list[kafka.Told]:
    """What Kafka has from ``since`` on."""
    reader = kafka.Reader(bootstrap, prefix, dict(since))
    try:
        return await reader.more()
    finally:
        await reader.close()


async def _statuses(arena: Arena, order_ids: set[str]) -> dict[str, str]:
    """As the list shows them, newest first, until all are found; who is not shown is unreadable."""
    found: dict[str, str] = {}
    url: str | None = f"{arena.shop.url('orders')}/v1/orders?limit=100"
    while url is not None and not order_ids <= found.keys():
        body = (await arena.shop.get(url)).body
        found |= {one["order_id"]: one["status"] for one in body["orders"]}
        cursor = body["next_cursor"]
        url = cursor and f"{arena.shop.url('orders')}/v1/orders?limit=100&cursor={cursor}"
    return found


def ends(
    told: Sequence[kafka.Told], before: Mapping[kafka.Place, int], prefix: str
) -> dict[kafka.Place, int]:
    """Where the next run begins to read."""
    after = dict(before)
    for one in told:
        place = (prefix + one.topic, one.partition)
        after[place] = max(after.get(place, 0), one.offset + 1)
    return after


async def timeline(arena: Arena, seen: Evidence, order_id: str) -> list[str]:
    """Every event of every service about an order, and what the services themselves say of it."""
    lines = [
        f"{_time(one.at)} {one.topic} {one.partition}/{one.offset} {one.type} #{one.sequence}"
        for one in sorted(seen.told, key=lambda one: one.at)
        if one.key == order_id
    ]
    lines += [f"book: {one}" for one in seen.book if one.order_id == order_id]
    lines += [f"mail: {one.subject}" for one in seen.mails if one.order_id == order_id]
    orders, payments = arena.shop.url("orders"), arena.shop.url("payments")
    asked = {
        "timeline": f"{orders}/v1/orders/{order_id}/timeline",
        "payment": f"{payments}/v1/payments?order_id={order_id}",
    }
    return [order_id, *lines, *[f"{name}: {await _ask(arena, url)}" for name, url in asked.items()]]


async def _ask(arena: Arena, url: str) -> Any:
    try:
        return (await arena.shop.get(url)).body
    except (aiohttp.ClientError, TimeoutError) as error:
        return repr(error)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
