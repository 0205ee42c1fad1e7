"""The outside judges after a fault: the provider's book, the mailbox, the stock and Kafka."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiokafka import ConsumerRecord
from notifications.settings import NotificationsSettings
from prometheus_client.parser import text_string_to_metric_families
from shared.contracts import topics
from shared.work.slots import ROWS_MAX, WINDOW_S

from tests.support.buyers import Buyers, Mailed
from tests.support.kafka_log import headers_of, sequence_errors
from tests.support.shop import Shop
from tests.support.waiting import eventually

Records: TypeAlias = "list[ConsumerRecord[bytes, bytes]]"

FACTS = (topics.ORDERS, topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT)
SERVICES = ("orders", "payments", "inventory", "notifications")
OWNED = {
    "orders": (topics.ORDERS,),
    "payments": (topics.PAYMENTS,),
    "inventory": (topics.INVENTORY, topics.FULFILMENT),
}
DECISIONS = ("order-confirmed", "order-rejected", "order-expired", "order-cancelled")
SETTLE_TIMEOUT_S = 30.0
MAIL_SLOTS: int = NotificationsSettings.model_fields["sends_max"].default


@dataclass(frozen=True)
class Ending:
    """What the outside reader has of some orders: every record, and how many came to what."""

    records: Records
    outcomes: Counter[str]


async def nothing_lost_or_doubled(buyers: Buyers, mailer_died_at: Sequence[float] = ()) -> Ending:
    """Each acknowledged order ended once, everywhere; what it came to is what Kafka says.

    Of mails as many may come twice as a process that sent them had in hand when it died.
    """
    shop, order_ids = buyers.shop, set(buyers.order_ids)
    assert len(order_ids) == len(buyers.bodies), "an order of its own for every buyer"
    await shop.drained()
    records = await shop.log.read(*FACTS)
    own = [one for one in records if _order_of(one) in order_ids]
    assert sequence_errors(own) == []
    assert placed_for(records, buyers.sku) == order_ids
    outcomes = outcomes_of(own)
    assert set(outcomes) == order_ids, "every order has one outcome"
    await money_follows(shop, outcomes, price_minor=250)
    await stock_follows(buyers, outcomes)
    await mails_follow(buyers, mailer_died_at)
    assert await dead_letters(shop, order_ids) == []
    return Ending(own, Counter(outcomes.values()))


def placed_for(records: Records, sku: str) -> set[str]:
    """The orders for ``sku`` that were ever told of."""
    placed = [one for one in records if headers_of(one)["ce_type"] == "orders.order-placed.v1"]
    return {
        _order_of(one)
        for one in placed
        if sku in {line["sku"] for line in json.loads(one.value or b"{}")["lines"]}
    }


def outcomes_of(records: Records) -> dict[str, str]:
    """What the orders' topic says each order came to; fails when it says two things."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        family = headers_of(record)["ce_type"].removeprefix("orders.").removesuffix(".v1")
        if family in DECISIONS:
            found[_order_of(record)].add(family.removeprefix("order-"))
    assert all(len(one) == 1 for one in found.values()), found
    return {order_id: min(outcome) for order_id, outcome in found.items()}


def reasons_of(records: Records) -> dict[str, list[str]]:
    """Why each rejected order was, in the words of its event."""
    return {
        _order_of(one): json.loads(one.value or b"{}")["reasons"]
        for one in records
        if headers_of(one)["ce_type"] == "orders.order-rejected.v1"
    }


async def money_follows(shop: Shop, outcomes: dict[str, str], price_minor: int) -> None:
    """The provider holds the price of each confirmed order, captured once, and nothing else."""
    expected = {
        order_id: price_minor if outcome == "confirmed" else 0
        for order_id, outcome in outcomes.items()
    }

    async def look() -> bool:
        held = await shop.money()
        return all(held[order_id] == minor for order_id, minor in expected.items())

    await eventually(look, "the provider's book follows the outcomes", SETTLE_TIMEOUT_S)
    captures = Counter(
        one["order_id"] for one in await shop.book() if one["op"] == "capture" and one["ok"]
    )
    assert [one for one in outcomes if captures[one] > 1] == [], "captured more than once"


async def stock_follows(buyers: Buyers, outcomes: dict[str, str]) -> None:
    confirmed = sum(one == "confirmed" for one in outcomes.values())

    async def look() -> bool:
        stock = await buyers.shop.stock(buyers.sku)
        return (stock["on_hand"], stock["reserved"]) == (buyers.stock, confirmed)

    await eventually(look, f"{confirmed} of {buyers.stock} held", SETTLE_TIMEOUT_S)


async def mails_follow(buyers: Buyers, mailer_died_at: Sequence[float]) -> None:
    """One message for every fact of an order; a mail comes twice only under its Message-ID.

    A refund is told when the order has long had its outcome, so its mail is waited for.
    """
    order_ids = set(buyers.order_ids)

    async def look() -> bool:
        told = {one: len(set(found)) for one, found in (await buyers.mails()).items()}
        facts = await facts_of(buyers.shop, order_ids)
        return told == {order_id: len(found) for order_id, found in facts.items()}

    await eventually(look, "a mail for each fact of each order", SETTLE_TIMEOUT_S)
    doubled_only_what_was_in_hand(await buyers.mailed(), mailer_died_at)


def doubled_only_what_was_in_hand(mails: Sequence[Mailed], died_at: Sequence[float]) -> None:
    """A mailer that died had sent some mails that it had not recorded, and no more than these."""
    doubled = len(mails) - len({one.message_id for one in mails})
    in_hand_max = sum(_in_hand_max(mails, at) for at in died_at)
    assert doubled <= in_hand_max, f"{doubled} mails came twice, {in_hand_max} were in hand"


def _in_hand_max(mails: Sequence[Mailed], died_at: float) -> int:
    """As many as there are slots, and as were sent in the second before; see ``Slots``."""
    sent = {one.message_id for one in mails if died_at - WINDOW_S <= one.at <= died_at}
    return MAIL_SLOTS + min(len(sent), ROWS_MAX)


async def facts_of(shop: Shop, order_ids: Collection[str]) -> dict[str, set[str]]:
    """The ids of all that orders has told of each order so far."""
    facts: dict[str, set[str]] = defaultdict(set)
    for record in await shop.log.read(topics.ORDERS):
        if (order_id := _order_of(record)) in order_ids:
            facts[order_id].add(headers_of(record)["ce_id"])
    return facts


async def dead_letters(shop: Shop, order_ids: Collection[str]) -> list[str]:
    """The reasons for which records of these orders were set aside."""
    names = [topics.dead_letters(service) for service in SERVICES]
    found = await shop.log.read(*names)
    return [headers_of(one)["dl_reason"] for one in found if _order_of(one) in order_ids]


def published_twice(records: Records, service: str) -> int:
    """How many records of a service's topics are repetitions."""
    ids = [
        (headers_of(one)["ce_source"], headers_of(one)["ce_id"])
        for one in records
        if one.topic.endswith(OWNED[service])
    ]
    return len(ids) - len(set(ids))


async def metric(shop: Shop, instance: str, name: str, **labels: str) -> float:
    """A sample of an instance's own metrics; 0 when it has none: for witnesses, not verdicts."""
    url = shop.system.instance(instance).url + "/metrics"
    text = (await shop.get(url)).raw.decode()
    samples: Sequence[float] = [
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(samples)


def _order_of(record: "ConsumerRecord[bytes, bytes]") -> str:
    return (record.key or b"").decode(errors="replace")
