"""The unit of work of notifications: mails are queued, and the partners' log is appended to."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import TypeAlias

from shared.contracts.event import Event
from shared.contracts.inventory import FulfilmentEvent, FulfilmentOrderOpened
from shared.contracts.orders import OrderPlaced
from shared.ids import new_id
from shared.messaging.unit_of_work import Opening, Rank, UnitOfWork

from notifications import store
from notifications.domain.customer import Customer
from notifications.domain.fact import Fact
from notifications.partners.domain.address import disclosed, disclosure_of, packed, unpacked
from notifications.partners.domain.log import LogEvent
from notifications.partners.store import log, partners
from notifications.store import CUSTOMERS, NewMessage, QueuedMessage, Room
from notifications.writing.subject import subject_of

MAIL = "mail"
NOTHING = "[]"
HOUR = timedelta(hours=1)
BEGUN_MAX = 200  # In one transaction: each holds a lock of its recipient's in the server's memory.
Letter: TypeAlias = tuple[QueuedMessage, Customer]


def first_row(event: Event) -> Customer:
    """The row of an order that is not known before ``event``."""
    row = Customer.unknown(event.order_id)
    return row.learn(event) if isinstance(event, OrderPlaced) else row


@dataclass(frozen=True, slots=True)
class Begun:
    """What a mail is written from that the transaction it was queued in has begun.

    ``since_s`` is when that transaction began, and with it the row's lease, on ``monotonic``.
    """

    letter: Letter
    since_s: float


class MessageWork(UnitOfWork[Customer]):
    """``queue`` takes a fact; what was told before falls away when the batch is written.

    A mail that this process has in hand is counted as tried where it is queued, and made at once.
    ``append`` takes an event for partners, whose log only one transaction at a time may grow;
    ``disclose`` adds an order's address once both that and who waits for it are known.
    """

    table = CUSTOMERS

    def __init__(self, opening: Opening, *, recipient_mails_per_hour_max: int) -> None:
        super().__init__(opening)
        self._room = Room(self.now - HOUR, recipient_mails_per_hour_max)
        self._since_s = monotonic()
        self._messages: list[NewMessage] = []
        self._letters: dict[str, Letter] = {}
        self._events: list[LogEvent] = []
        self._any_sees_addresses = False
        self._has_log = False

    def queue(self, customer: Customer, fact: Fact) -> None:
        """Mail ``fact`` to ``customer`` once, after the order's earlier mails."""
        message_id, subject = new_id("msg"), subject_of(fact.kind, customer)
        self._messages.append(
            NewMessage(
                message_id=message_id,
                order_id=customer.order_id,
                kind=fact.kind,
                detail=fact.detail,
                recipient=customer.email,
                subject=subject,
                fact=fact.model_dump_json(),
            )
        )
        row = self.add_work(customer.order_id, MAIL, {"message_id": message_id})
        if row.lease_token is not None and len(self._letters) < BEGUN_MAX:
            queued = QueuedMessage(
                message_id=message_id,
                order_id=customer.order_id,
                recipient=customer.email,
                subject=subject,
                created_at=self.now,
                tried_before=None,
                body=None,
                fact=fact,
            )
            self._letters[message_id] = (queued, customer)

    async def claim(self, events: Sequence[Event]) -> Collection[str]:
        """An order whose first event is that it was placed begins with all that tells."""
        first: dict[str, Event] = {}
        for event in events:
            first.setdefault(event.order_id, event)
        if any(isinstance(one, OrderPlaced) for one in first.values()):
            self.new_rows = {order_id: first_row(one) for order_id, one in first.items()}
        return first

    async def prepare(self, events: Sequence[Event]) -> None:
        """An address is kept for partners only while there are some who may see it."""
        if any(isinstance(one, FulfilmentOrderOpened) for one in events):
            self._any_sees_addresses = await partners.any_sees_addresses(self.db)

    def append(self, event: FulfilmentEvent) -> None:
        """Tell partners ``event`` as Kafka has it, by its own id and number."""
        record = self.cause_of(event.order_id).record
        assert record is not None, "only what came from Kafka is told to partners"
        customer, headers = self.rows[event.order_id], record.texts()
        numbers = customer.count_for_sellers(event.seller_ids)
        if numbers:
            self.rows[event.order_id] = customer.told_sellers(numbers)
        logged = LogEvent(
            event_id=headers["ce_id"],
            type=event.type,
            tenant=event.tenant,
            order_id=event.order_id,
            sequence=int(headers.get("ce_sequence", "0")),
            sellers=tuple(numbers),
            seller_sequences=tuple(numbers.values()),
            occurred_at=headers.get("ce_time", ""),
            data=(record.value or b"{}").decode(),
            traceparent=self.cause(event.order_id),
        )
        self._events.append(logged)
        if self._any_sees_addresses and isinstance(event, FulfilmentOrderOpened):
            waiting = packed(disclosure_of(logged, event))
            self.rows[event.order_id] = self.rows[event.order_id].discloses(waiting)

    def disclose(self, order_id: str) -> None:
        """Tell partners what waits for the order's address, if that is known by now."""
        customer = self.rows[order_id]
        if customer.undisclosed == NOTHING or (address := customer.address) is None:
            return
        waiting = json.loads(customer.undisclosed)
        self._events += [disclosed(unpacked(one), address) for one in waiting]
        self.rows[order_id] = replace(customer, undisclosed=NOTHING)

    async def save(self) -> None:
        """Insert the messages, keep the work of those that are new; append to the log."""
        if self._messages:
            await self._insert_messages()
        if self._events:
            await self._append()

    async def _insert_messages(self) -> None:
        """A mail in hand begins here, if it would when it was taken up."""
        letters = self._letters
        if letters:
            self.lock(Rank.RECIPIENTS)
            recipients = [queued.recipient for queued, _ in letters.values()]
            await store.lock_addresses(self.db, recipients)
        inserted = await store.insert_messages(
            self.db, self._messages, letters, self.now, self._room
        )
        self.work = [
            replace(row, begun=Begun(letters[message_id], self._since_s))
            if inserted[message_id]
            else row
            for row in self.work
            if (message_id := row.payload["message_id"]) in inserted
        ]
        self._messages, self._letters = [], {}

    async def _append(self) -> None:
        if not self._has_log:
            self.lock(Rank.LOG)
            self._has_log = True
        first = await log.take_positions(self.db, len(self._events))
        await log.append(self.writes, first, self._events, self.now)
        self.work_written += len(self._events)
        self._events = []
