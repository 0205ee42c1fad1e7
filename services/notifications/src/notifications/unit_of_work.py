"""The unit of work of notifications: messages are queued with the work rows that mail them."""

from datetime import datetime

from shared.database import Db
from shared.ids import new_id
from shared.messaging.unit_of_work import UnitOfWork

from notifications import store
from notifications.domain.customer import Customer
from notifications.domain.fact import Fact
from notifications.store import CUSTOMERS, NewMessage
from notifications.writing.subject import subject_of

MAIL = "mail"


class MessageWork(UnitOfWork[Customer]):
    """``queue`` takes a fact; what was told before falls away when the batch is written."""

    table = CUSTOMERS

    def __init__(self, db: Db, now: datetime, traceparent: str = "") -> None:
        super().__init__(db, now, traceparent)
        self._messages: list[NewMessage] = []

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

    async def save(self) -> None:
        """Insert the messages; keep the work of those that are new."""
        if not self._messages:
            return
        inserted = await store.insert_messages(self.db, self._messages, self.now)
        self.work = [row for row in self.work if row.payload["message_id"] in inserted]
