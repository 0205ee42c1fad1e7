"""Work rows of kind ``mail`` -> a mail each handed over, and its outcome recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

import structlog
from opentelemetry.trace import SpanKind
from shared.group_commit import GroupCommit
from shared.messaging.unit_of_work import Transactions
from shared.observability import tracing
from shared.pace import Pace
from shared.work import rows
from shared.work.rows import LeasedRow
from shared.work.slots import WAIT_S, NoSlot

from notifications import store
from notifications.domain.customer import Customer
from notifications.domain.letter import Message
from notifications.mailer import Mailer, MailRefused
from notifications.pacing import INTERVAL_S_MIN
from notifications.settings import LEASE_MARGIN_S, NotificationsSettings
from notifications.store import QueuedMessage
from notifications.unit_of_work import HOUR, Begun, Letter, MessageWork
from notifications.writing.content import Shop
from notifications.writing.languages import SOURCE
from notifications.writing.mails import write
from shared import crash

MAILS_ENOUGH, MAILS_MAX = 50, 200  # In one transaction.
BEGUN_S_MAX = LEASE_MARGIN_S - WAIT_S  # What is older is started anew, with a lease of its own.

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A row's mail was handed over, or ``refused`` for good."""

    row: LeasedRow
    message_id: str
    refused: str | None


@dataclass
class MailSender:
    """``perform`` is the worker's: no transaction is open while the server is talked to."""

    transactions: Transactions[MessageWork]
    mailer: Mailer
    settings: NotificationsSettings
    _starts: GroupCommit[LeasedRow, Letter | None] = field(init=False)
    _ends: GroupCommit[_Sent, None] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = GroupCommit(self._start, MAILS_MAX, Pace(MAILS_ENOUGH, INTERVAL_S_MIN))
        self._ends = GroupCommit(self._end, MAILS_MAX, Pace(MAILS_ENOUGH, INTERVAL_S_MIN))

    async def perform(self, row: LeasedRow) -> None:
        """Send the row's mail; whoever lost the lease sends or records nothing.

        A crash between sending and recording sends it again under the same Message-ID.
        Raises ``MailDelayed`` when it should be tried later.
        """
        letter = begun_lately(row) or await self._starts.take(row)
        if letter is None:
            return
        queued, customer = letter
        try:
            async with self.mailer.slots.take():
                crash.point("worker.before_call")
                refused = await self._send(row, queued, customer)
                crash.point("worker.after_call")
        except NoSlot:
            await self._put_back(row, queued)
            return
        await self._ends.take(_Sent(row, queued.message_id, refused))

    async def _start(self, leased: Sequence[LeasedRow], _alone: bool) -> list[Letter | None]:
        """What is to be written for each row; nothing for one that waits or is not ours."""
        ids = {row.id: str(row.payload["message_id"]) for row in leased}
        mails_max = self.settings.recipient_mails_per_hour_max
        async with self.transactions.begin() as work:
            await store.lock_recipients(work.db, list(ids.values()))
            since = work.now - HOUR
            room = await store.with_room(work.db, list(ids.values()), since, mails_max)
            going = [row for row in leased if ids[row.id] in room]
            started = await rows.start_calls(work.db, going, work.now, self.settings.lease_s)
            asked = [ids[row_id] for row_id in started]
            queued = await store.count_attempts(work.db, asked, work.now)
            customers = await store.customers_of(work.db, [row.order_id for row in going])
            for row in leased:
                if ids[row.id] not in room:
                    await self._put_off(row, work)
        return [
            (queued[ids[row.id]], customers[row.order_id]) if row.id in started else None
            for row in leased
        ]

    async def _put_off(self, row: LeasedRow, work: MessageWork) -> None:
        """The recipient has mails enough for this hour."""
        mails_max = self.settings.recipient_mails_per_hour_max
        message_id = row.payload["message_id"]
        full = await store.full_since(work.db, message_id, work.now - HOUR, mails_max)
        until = work.now if full is None else full + HOUR
        log.info("mail-waits", order_id=row.order_id, until=str(until))
        await rows.postpone(work.db, row, until, "recipient-mails-per-hour-max")

    async def _put_back(self, row: LeasedRow, queued: QueuedMessage) -> None:
        """The server is slow: the row waits for its turn again, unleased and not tried."""
        async with self.transactions.begin() as work:
            if await rows.postpone(work.db, row, work.now, "no-slot"):
                await store.take_back_attempt(work.db, queued)

    async def _end(self, sent: Sequence[_Sent], _alone: bool) -> list[None]:
        async with self.transactions.begin() as work:
            leased, notes = [one.row for one in sent], [one.refused for one in sent]
            ours = await rows.finish(work.db, leased, notes)
            done = [one.message_id for one in sent if one.row.id in ours and one.refused is None]
            refused = [one.message_id for one in sent if one.row.id in ours and one.refused]
            await store.record_sent(work.db, done, work.now)
            if refused:
                await store.record_refused(work.db, refused)
        for one in sent:
            if one.row.id not in ours:
                log.warning("work-lease-lost", kind=one.row.kind, order_id=one.row.order_id)
        return [None] * len(sent)

    async def _send(self, row: LeasedRow, queued: QueuedMessage, customer: Customer) -> str | None:
        """Why the mail was refused for good, or None when the server has it.

        It is there no longer than it is sent: many wait for a slot, or to be recorded.
        """
        message = written(queued, customer, self.settings.shop)
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


def begun_lately(row: LeasedRow) -> Letter | None:
    """What its own transaction has begun with, if its lease is still as long as a call may be."""
    begun: Begun | None = row.begun
    if begun is None or monotonic() - begun.since_s > BEGUN_S_MAX:
        return None
    return begun.letter


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
