"""Every comparison that a running stack has both sides of, made at the same time."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from local_runtime.audit import orders_and_holds, orders_and_money
from local_runtime.audit.book_and_ledger import BookAndLedger
from local_runtime.audit.comparison import Comparison, Outcome, Reading, compare
from local_runtime.audit.kafka_reading import kafka_reading
from local_runtime.audit.sequences import COUNTERS, SequencesAndKafka

GRACE_S = 20.0


async def between(
    endpoints: Mapping[str, Any], prefix: str = "", grace_s: float = GRACE_S
) -> list[Outcome]:
    """``endpoints`` as in ``endpoints.json``; sides that are not part of it are left out."""
    databases = endpoints.get("databases") or {}
    made: list[Awaitable[Outcome]] = [
        compare(one, grace_s) for one in _of_databases(databases, endpoints.get("provider"))
    ]
    if databases and endpoints.get("kafka"):
        made.append(_sequences(databases, str(endpoints["kafka"]), prefix, grace_s))
    return list(await asyncio.gather(*made))


def _of_databases(databases: Mapping[str, str], provider: str | None) -> Sequence[Comparison]:
    orders, payments = databases.get("orders"), databases.get("payments")
    inventory = databases.get("inventory")
    found: list[Comparison] = []
    if orders and payments:
        found.append(orders_and_money.comparison(orders, payments))
    if orders and inventory:
        found.append(orders_and_holds.comparison(orders, inventory))
    if provider and payments:
        found.append(BookAndLedger(provider, payments))
    return found


async def _sequences(
    databases: Mapping[str, str], kafka: str, prefix: str, grace_s: float
) -> Outcome:
    topics = [one.topic for one in COUNTERS if one.service in databases]
    try:
        async with kafka_reading(kafka, prefix, topics) as reader:
            return await compare(SequencesAndKafka(databases, reader), grace_s)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"[:200]
        told = SequencesAndKafka
        return Outcome(told.name, told.sentence, Reading(), why, 0)
