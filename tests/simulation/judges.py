"""What must be true once everything has come to rest, by the provider's book and the topics."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

from pydantic_core import from_json
from shared.contracts import topics
from shared.messaging.envelope import Record

from tests.simulation.system import SERVICE_OF, Picture
from tests.simulation.world import World

ENDED = {"rejected", "expired", "cancelled"}
ENDS = {f"orders.order-{one}.v1": one for one in ENDED}
NOT_MAILED = {
    "orders.order-cancellation-requested.v1",
    "orders.storefront-order-refused.v1",
}
OWN = (topics.ORDERS, topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT)

Told: TypeAlias = dict[str, list[tuple[str, dict[str, Any]]]]
"""Of each order the types and data of its events, in order."""


async def judge(world: World) -> None:
    """Each judge names what it finds; the world keeps it."""
    picture = await world.system.picture()
    told = _told(world)
    for found in (
        _at_rest(world, picture),
        _sequences(world),
        _handled(world),
        _outcomes(world, picture, told),
        _money(world, picture),
        _books(world, picture),
        _stock(world, picture),
        _mails(world, picture, told),
    ):
        for text in found:
            world.wrong(text)


def _told(world: World) -> Told:
    """Every event of each order on the orders topic, once each, in order."""
    told: Told = defaultdict(list)
    seen: set[bytes] = set()
    for record in world.broker.topic(topics.ORDERS):
        headers = dict(record.headers)
        if headers["ce_source"] != b"/stray" and headers["ce_id"] not in seen:
            seen.add(headers["ce_id"] or b"")
            kind = (headers["ce_type"] or b"").decode()
            told[(record.key or b"").decode()].append((kind, from_json(record.value or b"")))
    return told


def _at_rest(world: World, picture: Picture) -> Iterator[str]:
    if world.jobs:
        yield f"{len(world.jobs)} calls have no end"
    left = {"parked": picture.parked, "work rows": picture.work_open, "unsent": picture.unsent}
    for what, count in left.items():
        if count:
            yield f"{count} {what} left"
    yield from picture.broken_promises


def _sequences(world: World) -> Iterator[str]:
    """A reader that drops repetitions sees 1, 2, 3, … for each key of each topic."""
    for topic in OWN:
        last: dict[bytes, int] = defaultdict(int)
        seen: set[bytes] = set()
        for record in world.broker.topic(topic):
            if problem := _out_of_sequence(record, last, seen):
                yield problem


def _out_of_sequence(record: Record, last: dict[bytes, int], seen: set[bytes]) -> str | None:
    headers, key = dict(record.headers), record.key or b""
    event_id = headers["ce_id"] or b""
    if headers["ce_source"] == b"/stray" or event_id in seen:
        return None
    seen.add(event_id)
    last[key] += 1
    number = int(headers["ce_sequence"] or b"0")
    if number == last[key]:
        return None
    return f"{record.topic}: {key.decode()} tells {number} where {last[key]} comes"


def _handled(world: World) -> Iterator[str]:
    """Each group has applied every event of each key once and in order, whatever was parked."""
    applied: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for *place, event_id in world.system.handled:
        applied[place[0], place[1], place[2]].append(event_id)
    for name in SERVICE_OF:
        group = world.system.pipeline(name).group
        for topic in group.topics:
            for key, told in _told_to(world, topic, set(group.types)).items():
                if applied[name, topic, key] != told:
                    yield f"{name} applied {applied[name, topic, key]} of {key} where {told} came"


def _told_to(world: World, topic: str, types: Collection[str]) -> dict[str, list[str]]:
    """Of each key the ids of the events of ``types`` on ``topic``, once each, in order."""
    told: dict[str, dict[str, None]] = defaultdict(dict)
    for record in world.broker.topic(topic):
        headers = dict(record.headers)
        if headers["ce_source"] != b"/stray" and (headers["ce_type"] or b"").decode() in types:
            told[(record.key or b"").decode()][(headers["ce_id"] or b"").decode()] = None
    return {key: list(ids) for key, ids in told.items()}


def _outcomes(world: World, picture: Picture, told: Told) -> Iterator[str]:
    """Every submission is one order, and every order has exactly one end, told once."""
    for reference in sorted(world.submitted):
        if reference not in picture.references:
            yield f"{reference} is no order"
    if len(set(picture.references.values())) != len(picture.orders):
        yield "orders without a reference"
    for order_id, order in picture.orders.items():
        kinds = Counter(kind for kind, _ in told[order_id])
        ends = Counter({ENDS[kind]: n for kind, n in kinds.items() if kind in ENDS})
        confirmed, arrived = (kinds[f"orders.order-{one}.v1"] for one in ("confirmed", "delivered"))
        if order.status in ENDED:
            if ends != {order.status: 1} or arrived or (confirmed and order.status != "cancelled"):
                yield f"{order_id} is {order.status} and told {dict(kinds)}"
        elif order.status == "completed":
            if ends or confirmed != 1 or arrived != 1:
                yield f"{order_id} is completed and told {dict(kinds)}"
        else:
            yield f"{order_id} is {order.status} for ever"


def _money(world: World, picture: Picture) -> Iterator[str]:
    """By the provider's book: kept for what was sent, and nothing else; never charged twice."""
    kept: Counter[str] = Counter()
    charges: Counter[str] = Counter()
    for entry in world.provider.book:
        kept[entry.order_id] += entry.minor
        charges[entry.order_id] += entry.operation == "charge"
    by_hand: Counter[str] = Counter()
    for one in picture.attempts:
        if one.reason == "returned" and one.state == "succeeded":
            by_hand[one.order_id] += one.amount_minor
    for order_id, order in picture.orders.items():
        owed = order.total_minor - by_hand[order_id] if order.status == "completed" else 0
        if kept.pop(order_id, 0) != owed:
            yield f"{order_id} is {order.status}; the provider keeps other than {owed}"
        if charges[order_id] > 1:
            yield f"{order_id} was charged {charges[order_id]} times"
    if kept:
        yield f"the provider keeps money of nobody: {dict(kept)}"
    for reference, left in world.provider.left.items():
        if left < 0:
            yield f"{reference}: {-left} more was given back than was taken"


def _books(world: World, picture: Picture) -> Iterator[str]:
    """Our ledger says what the provider's book says; payments and orders say the same."""
    ours = sorted(
        (one.tx_id, one.amount_minor) for one in picture.ledger if one.account != "order_funds"
    )
    if ours != sorted((one.key, one.minor) for one in world.provider.book):
        yield "the ledger is not the provider's book"
    if sum(one.amount_minor for one in picture.ledger):
        yield "the ledger is not balanced"
    for order_id, order in picture.orders.items():
        payment = picture.payments.get(order_id)
        if payment is None or payment.status in ("pending", "unknown", "none", "refund_pending"):
            yield f"{order_id}: payment is not settled"
        if order.status in ENDED and order.payment in ("captured", "refund_pending"):
            yield f"{order_id} is {order.status} and says its payment is {order.payment}"
    for one in picture.attempts:
        by = picture.payments[one.order_id].decide_by
        if one.operation == "charge" and one.call_started_at and by and one.call_started_at >= by:
            yield f"{one.order_id} was charged after its time to decide"


def _stock(world: World, picture: Picture) -> Iterator[str]:
    """Nothing is held any more; what left the shelves is what completed orders asked for."""
    for place in picture.oversold:
        yield f"{place} was oversold"
    left = {place: n - picture.stock[place].on_hand for place, n in world.profile.stock.items()}
    for place, level in picture.stock.items():
        if level.reserved or level.on_hand < 0:
            yield f"{place}: {level} at rest"
    shipped: Counter[Any] = Counter()
    by_order: Counter[tuple[str, str]] = Counter()
    for one in picture.held:
        shipped[one.place] += one.shipped
        by_order[one.order_id, one.place.sku] += one.shipped
    if any(shipped[place] != n for place, n in left.items()):
        yield f"left the shelves {left}, sent {dict(shipped)}"
    wanted: Counter[tuple[str, str]] = Counter()
    for reference, body in world.submitted.items():
        order_id = picture.references.get(reference, "")
        if order_id in picture.orders and picture.orders[order_id].status == "completed":
            for line in body["lines"]:
                wanted[order_id, line["sku"]] += line["quantity"]
    if +by_order != wanted:
        yield f"sent {dict(+by_order)}, completed orders asked for {dict(wanted)}"


def _mails(world: World, picture: Picture, told: Told) -> Iterator[str]:
    """Every fact that customers should hear of was mailed, in order, under one id each."""
    facts = {one: (order_id, kind, detail) for order_id, kind, detail, one in picture.messages}
    first = dict.fromkeys(message_id for _, message_id in world.mailbox)
    mailed: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for message_id in first:
        order_id, kind, detail = facts[message_id]
        mailed[order_id].append((kind, detail))
    for order_id in picture.orders:
        wanted = list(dict.fromkeys(_fact(*one) for one in told[order_id] if _is_mailed(one[0])))
        if mailed[order_id] != wanted:
            yield f"{order_id} was told {wanted} and mailed {mailed[order_id]}"


def _is_mailed(kind: str) -> bool:
    return kind not in NOT_MAILED


def _fact(kind: str, data: dict[str, Any]) -> tuple[str, str]:
    """What tells one mail from another: the kind, and which parcel or refund it is about."""
    name = kind.removeprefix("orders.").removesuffix(".v1")
    match name:
        case "order-shipped" | "order-partially-shipped":
            return name, data["parcel"]["shipment_id"]
        case "order-refunded":
            return name, str(data["refunded_total_minor"])
        case _:
            return name, ""
