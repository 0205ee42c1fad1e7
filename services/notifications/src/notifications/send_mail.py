"""A work row of kind ``mail`` -> one mail handed over, and its outcome recorded."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from opentelemetry.trace import SpanKind
from shared.messaging.unit_of_work import Transactions
from shared.observability import tracing
from shared.work import rows
from shared.work.rows import LeasedRow

from notifications import store
from notifications.domain.customer import Customer
from notifications.domain.letter import Message
from notifications.mailer import Mailer, MailRefused
from notifications.settings import NotificationsSettings
from notifications.store import QueuedMessage
from notifications.unit_of_work import MessageWork
from notifications.writing.content import Shop
from notifications.writing.languages import SOURCE
from notifications.writing.mails import write
from shared import crash

HOUR = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class MailSender:
    """``perform`` is the worker's: no transaction is open while the server is talked to."""

    transactions: Transactions[MessageWork]
    mailer: Mailer
    settings: NotificationsSettings

    async def perform(self, row: LeasedRow) -> None:
        """Send the row's mail; whoever lost the lease sends or records nothing.

        A crash between sending and recording sends it again under the same Message-ID.
        Raises ``MailDelayed`` when it should be tried later.
        """
        message = await self._start(row)
        if message is None:
            return
        crash.point("worker.before_call")
        refused = await self._send(row, message)
        crash.point("worker.after_call")
        async with self.transactions.begin() as work:
            if not await rows.finish(work.db, row, refused):
                log.warning("work-lease-lost", kind=row.kind, order_id=row.order_id)
            elif refused is None:
                await store.record_sent(work.db, message.message_id, work.now)
            else:
                await store.record_refused(work.db, message.message_id)

    async def _start(self, row: LeasedRow) -> Message | None:
        async with self.transactions.begin() as work:
            if await self._waits(row, work):
                return None
            if not await rows.start_call(work.db, row, work.now, self.settings.lease_s):
                return None
            queued = await store.count_attempt(work.db, row.payload["message_id"], work.now)
            customer = await store.customer_of(work.db, row.order_id)
        return written(queued, customer, self.settings.shop)

    async def _waits(self, row: LeasedRow, work: MessageWork) -> bool:
        """Whether the recipient has mails enough for this hour; then the row is put off."""
        mails_max = self.settings.recipient_mails_per_hour_max
        message_id = row.payload["message_id"]
        full = await store.full_since(work.db, message_id, work.now - HOUR, mails_max)
        if full is None:
            return False
        log.info("mail-waits", order_id=row.order_id, until=str(full + HOUR))
        await rows.postpone(work.db, row, full + HOUR, "recipient-mails-per-hour-max")
        return True

    async def _send(self, row: LeasedRow, message: Message) -> str | None:
        """Why the mail was refused for good, or None when the server has it."""
        attributes = {
            "orderproof.order_id": row.order_id,
            "messaging.message.id": message.message_id,
        }
        with tracing.span("send mail", SpanKind.CLIENT, attributes=attributes):
            try:
                await self.mailer.send(message)
            except MailRefused as refused:
                log.warning("mail-refused", order_id=row.order_id, error=str(refused))
                return str(refused)
        return None


def written(queued: QueuedMessage, customer: Customer, shop: Shop) -> Message:
    """The message in both parts; one that was written before mails had HTML stays text."""
    text, html, language = queued.body or "", None, SOURCE
    if queued.fact is not None:
        mail = write(queued.fact, customer, queued.subject, shop)
        text, html, language = mail.text, mail.html, mail.language
    return Message(
        message_id=queued.message_id,
        order_id=queued.order_id,
        recipient=queued.recipient,
        subject=queued.subject,
        created_at=queued.created_at,
        language=language,
        text=text,
        html=html,
    )
