"""The shelf: units that the warehouse was given and sends, against what inventory says it has."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from tests.proof.judges.journal import Journal
from tests.proof.judges.kafka import Fate


@dataclass(frozen=True)
class Shelf:
    """One SKU in units, over all locations."""

    on_hand: int
    reserved: int
    available: int


async def read(
    http: aiohttp.ClientSession, inventory_url: str, skus: Iterable[str]
) -> dict[str, Shelf]:
    shelves = {}
    for sku in skus:
        async with http.get(f"{inventory_url}/v1/stock/{sku}") as answer:
            answer.raise_for_status()
            found = await answer.json()
            shelves[sku] = Shelf(found["on_hand"], found["reserved"], found["available"])
    return shelves


def differences(
    journal: Journal, fates: Mapping[str, Fate], shelves: Mapping[str, Shelf]
) -> list[str]:
    """Where the shelf is not what was received, sold and sent; oversold SKUs first."""
    sold, sent = _sold(journal, fates), Counter[str]()
    for units in journal.shipped.values():
        sent.update(units)
    words = [
        f"{sku}: {sold[sku]} units sold of {journal.received[sku]}"
        for sku in sold
        if sold[sku] > journal.received[sku]
    ]
    for sku, received in journal.received.items():
        on_hand, reserved = received - sent[sku], sold[sku] - sent[sku]
        due = Shelf(on_hand, reserved, on_hand - reserved)
        if shelves.get(sku) != due:
            words.append(f"{sku}: {shelves.get(sku)} in place of {due}")
    return words


def _sold(journal: Journal, fates: Mapping[str, Fate]) -> Counter[str]:
    sold: Counter[str] = Counter()
    for fate in fates.values():
        if fate.lives and fate.reference in journal.intents:
            sold.update(journal.intents[fate.reference].units)
    return sold
