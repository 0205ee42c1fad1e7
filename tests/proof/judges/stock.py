"""The shelf: units that the warehouse was given and sends, against what inventory says it has."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import aiohttp

from tests.proof.judges.journal import Journal
from tests.proof.judges.kafka import Fate


class Shelf(NamedTuple):
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
) -> list[tuple[str, str]]:
    """Where the shelf is not what was received, sold and sent, or an order was refused in vain."""
    wanted, sold, sent = Counter[str](), Counter[str](), Counter[str]()
    for order_id, fate in fates.items():
        units = journal.intents[fate.reference].units
        wanted.update(units)
        sold.update(units if fate.lives else {})
        sent.update(units if order_id in journal.shipped else {})
    words = []
    for sku in journal.received.keys() | sold.keys():
        on_hand, reserved = journal.received[sku] - sent[sku], sold[sku] - sent[sku]
        due = Shelf(on_hand, reserved, on_hand - reserved)
        if shelves.get(sku) != due or due.available < 0:
            words.append(("", f"{sku}: {shelves.get(sku)}, due is {due}"))
    enough = {sku for sku, units in wanted.items() if units <= journal.received[sku]}
    for order_id, fate in fates.items():
        reasons = [one for said in fate.told("orders.order-rejected") for one in said["reasons"]]
        if "out-of-stock" in reasons and journal.intents[fate.reference].units.keys() <= enough:
            words.append((order_id, "out of stock, and there was enough for all"))
    return words


def held(fate: Fate) -> dict[str, int]:
    """The units of an order that inventory has told it holds, or has sent, by SKU."""
    units = Counter[str]()
    for family, sign in (("inventory.stock-reserved", 1), ("inventory.stock-released", -1)):
        for hold in (hold for told in fate.told(family) for hold in told["holds"]):
            units[hold["sku"]] += sign * hold["quantity"]
    return {sku: number for sku, number in units.items() if number}
