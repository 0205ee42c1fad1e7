"""The unit of work of notifications: mails are queued, and the partners' log is appended to."""

from datetime import datetime

from shared.contracts.inventory import FulfilmentEvent
from shared.database import Db
from shared.ids import new_id
from shared.messaging.unit_of_work import Rank, UnitOfWork

from notifications import store
from notifications.domain.customer import Customer
from notifications.domain.fact import Fact
from notifications.partners.domain.log import LogEvent
from notifications.partners.store import log
from notifications.store import CUSTOMERS, NewMessage
from notifications.writing.subject import subject_of

MAIL = "mail"


class MessageWork(UnitOfWork[Customer]):
    """``queue`` takes a fact; what was told before falls away when the batch is written.

    ``append`` takes an event for partners, whose log only one transaction at a time may grow.
    """

    table = CUSTOMERS

    def __init__(self, db: Db, now: datetime, traceparent: str = "") -> None:
        super().__init__(db, now, traceparent)
        self._messages: list[NewMessage] = []
        self._events: list[LogEvent] = []
        self._has_log = False

    def queue(self, customer: Customer, fact: Fact) -> None:
        """Mail ``fact`` to ``customer`` once, after the order's earlier mails."""
        message_id = new_id("msg")
        self._messages.append(
            NewMessage(
                message_id=message_id,
                order_id=customer.order_id,
                kind=fact.kind,
                detail=fact.detail,
                recipient=customer.email,
                subject=subject_of(fact.kind, customer),
                fact=fact.model_dump_json(),
            )
        )
        self.add_work(customer.order_id, MAIL, {"message_id": message_id})

    def append(self, event: FulfilmentEvent) -> None:
        """Tell partners ``event`` as Kafka has it, by its own id and number."""
        record = self.cause_of(event.order_id).record
        assert record is not None, "only what came from Kafka is told to partners"
        customer, headers = self.rows[event.order_id], record.texts()
        numbers = customer.count_for_sellers(event.seller_ids)
        if numbers:
            self.rows[event.order_id] = customer.told_sellers(numbers)
        self._events.append(
            LogEvent(
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
        )

    async def save(self) -> None:
        """Insert the messages, keep the work of those that are new; append to the log."""
        if self._messages:
            inserted = await store.insert_messages(self.db, self._messages, self.now)
            self.work = [row for row in self.work if row.payload["message_id"] in inserted]
            self._messages = []
        if self._events:
            await self._append()

    async def _append(self) -> None:
        if not self._has_log:
            self.lock(Rank.LOG)
            self._has_log = True
        first = await log.take_positions(self.db, len(self._events))
        await log.append(self.writes, first, self._events, self.now)
        self.work_written += len(self._events)
        self._events = []
