"""The orders service's unit of work: order rows, references, refusals and transitions."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import ClassVar

from shared.contracts import topics
from shared.contracts.event import Event
from shared.contracts.orders import FieldError, StorefrontOrderRefused
from shared.contracts.storefront import OrderCancellationSubmitted, OrderSubmitted, Submission
from shared.errors import Permanent
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.order_table import OrderTable
from shared.messaging.unit_of_work import Cause, Opening, Rank, UnitOfWork

from orders import metrics, store
from orders.domain.lifecycle import advance
from orders.domain.order import Order
from orders.domain.placing import DEFAULT_TENANT, Checked, body_hash, check_submitted, place
from orders.domain.steps import CancelRequested, DeadlinePassed, Fact, Refused, Step
from orders.store import Transition

ORDERS = OrderTable(
    name="orders",
    row=Order,
    columns={
        "order_id": "text",
        "tenant": "text",
        "client_reference": "text",
        "status": "text",
        "payment": "text",
        "stock": "text",
        "fulfilment": "text",
        "reasons": "text",
        "cancel_reason": "text",
        "currency": "text",
        "total_minor": "bigint",
        "version": "integer",
        "placed_at": "timestamptz",
        "deadline_at": "timestamptz",
        "traceparent": "text",
    },
    sequences={topics.ORDERS: "orders_sequence"},
    insert_missing=False,
    placed_in=attrgetter("traceparent"),
)


class UnknownOrder(Permanent):
    """An event about an order that was never placed here."""


@dataclass
class Reference:
    """Whose order a client reference names; ``mine`` until this transaction has placed it."""

    order_id: str
    body_hash: bytes
    mine: bool


class OrdersWork(UnitOfWork[Order]):
    """What a transaction of the orders service does: place, advance, refuse."""

    table: ClassVar[OrderTable[Order]] = ORDERS

    def __init__(self, opening: Opening) -> None:
        super().__init__(opening)
        self.checked: dict[int, Checked] = {}
        self.references: dict[str, Reference] = {}
        self._placed: list[tuple[str, Submission]] = []
        self._transitions: list[Transition] = []
        self._refused: list[tuple[StorefrontOrderRefused, str]] = []
        self._asked_under: dict[str, str] = {}
        self._channels: list[str] = []
        self._decided: list[tuple[str, float]] = []
        self._aside: set[str] = set()
        self._let_in: list[str] = []
        self.when_committed: list[Callable[[], None]] = []

    async def claim(self, events: Sequence[Event]) -> Collection[str]:
        """Claim the references that submissions bring, and find those that cancellations name."""
        submitted = [one for one in events if isinstance(one, OrderSubmitted)]
        cancelled = [one for one in events if isinstance(one, OrderCancellationSubmitted)]
        if not submitted and not cancelled:
            return {event.order_id for event in events}
        self.checked = {id(one): check_submitted(one) for one in submitted}
        valid = [one for one in self.checked.values() if isinstance(one, Submission)]
        self.lock(Rank.UNIQUE_KEYS)
        await self.claim_references(valid, [one.client_reference or "" for one in cancelled])
        named = {one.order_id for one in cancelled} - {""}
        # Of an order that is placed here nobody else knows the id: there is no row to lock yet.
        placed = (one for one in self.references.values() if not one.mine)
        return named | {reference.order_id for reference in placed}

    async def claim_references(
        self, submissions: Sequence[Submission], others: Sequence[str] = ()
    ) -> None:
        """Insert the references that are new; then read whose each one is."""
        # The first submission of a reference is the one that counts; ids grow in their order.
        wanted: dict[str, bytes] = {}
        for one in submissions:
            wanted.setdefault(one.client_reference, body_hash(one))
        proposed = {name: (new_id("ord"), digest) for name, digest in wanted.items()}
        mine = await store.insert_references(self.db, DEFAULT_TENANT, proposed)
        owners = {name: proposed[name] for name in mine}
        if names := {*wanted, *filter(None, others)} - mine:
            owners |= await store.read_references(self.db, DEFAULT_TENANT, names)
        self.references = {
            name: Reference(order_id, digest, name in mine)
            for name, (order_id, digest) in owners.items()
        }

    def place(self, submission: Submission, deadline_s: float, *, aside: bool) -> Order:
        """Place the order whose reference this transaction has claimed.

        With ``aside`` others are told of it when it is let in (``orders.admission``).
        """
        reference = self.references[submission.client_reference]
        assert reference.mine
        reference.mine = False
        self.asked_under(submission.client_reference, reference.order_id)
        order, placed = place(submission, reference.order_id, self.now, deadline_s)
        order = replace(order, traceparent=self.cause(order.order_id))
        self.rows[order.order_id] = order
        self._placed.append((order.order_id, submission))
        self._channels.append(submission.channel)
        self._note(order, placed.type)
        self.publish(placed)
        if aside:
            self._aside.add(order.order_id)
        return order

    def advance(self, order_id: str, fact: Fact, cause: str) -> Step | Refused:
        """Apply ``fact`` to a locked order and tell what follows. Raises ``UnknownOrder``."""
        order = self.rows.get(order_id)
        if order is None:
            raise UnknownOrder(order_id)
        result = advance(order, fact)
        if isinstance(fact, CancelRequested | DeadlinePassed) and order.status == "pending":
            self._aside.discard(order_id)
            self._let_in.append(order_id)
        match result:
            case Step(order=after, events=events):
                if after is not order:
                    self.rows[order_id] = after
                    self._note(after, cause)
                    if order.status == "pending" != after.status:
                        waited_s = (self.now - order.placed_at).total_seconds()
                        self._decided.append((after.status, waited_s))
                for event in events:
                    self.publish(event)
            case Refused():
                pass
        return result

    def refuse(self, client_reference: str, reason: str, errors: Sequence[FieldError] = ()) -> None:
        """Tell the storefront that a submission became no order."""
        refused = StorefrontOrderRefused(
            client_reference=client_reference, reason=reason, errors=tuple(errors)
        )
        self._refused.append((refused, self.cause(client_reference)))

    def asked_under(self, key: str, order_id: str) -> None:
        """What is done to the order from here on was asked for by the event with this key."""
        self._asked_under[order_id] = key

    def cause_of(self, key: str) -> Cause:
        """Also of an order whose storefront named it by its reference."""
        return super().cause_of(self._asked_under.get(key, key))

    async def save(self) -> None:
        if self._let_in:
            await outbox.let_in_keys(self.writes, self._let_in, self.now)
        if self._aside:
            keys = {one.encode() for one in self._aside}
            self.outgoing = [replace(one, aside=one.key in keys) for one in self.outgoing]
        if self._placed:
            await store.insert_details(self.writes, self._placed)
        if self._transitions:
            await store.insert_transitions(self.writes, self._transitions, self.now)
        if self._refused:
            await self._publish_refusals()
        self._placed, self._transitions, self._refused, self._let_in = [], [], [], []
        self._aside = set()

    def committed(self) -> None:
        for note in self.when_committed:
            note()
        for channel in self._channels:
            metrics.ORDERS_PLACED.labels(channel).inc()
        for outcome, waited_s in self._decided:
            metrics.DECISION_SECONDS.labels(outcome).observe(waited_s)

    async def _publish_refusals(self) -> None:
        counts = Counter(refused.client_reference for refused, _ in self._refused)
        for name, last in (await store.count_refusals(self.db, counts)).items():
            self.continue_sequence(topics.ORDERS, name, last - counts[name])
        for refused, cause in self._refused:
            self.publish(refused, cause)

    def _note(self, order: Order, cause: str) -> None:
        event_id = self.cause_of(order.order_id).event_id
        self._transitions.append(Transition(order, cause, event_id))
