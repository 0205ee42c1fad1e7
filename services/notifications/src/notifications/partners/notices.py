"""Work rows of kind ``partner-notice`` -> a mail that an endpoint of theirs was disabled."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from shared.messaging.unit_of_work import Transactions
from shared.work import rows
from shared.work.rows import LeasedRow, NewWork

from notifications.domain.letter import Message
from notifications.mailer import Mailer, MailRefused
from notifications.partners.store import endpoints
from notifications.partners.store.endpoints import Noticed
from notifications.settings import NotificationsSettings
from notifications.unit_of_work import MessageWork

NOTICE = "partner-notice"
WHY = {
    "gone": "it answered 410 Gone, which asks for no more",
    "failing": "it has answered nothing but failures for 120 hours",
}
# An event is recorded before it is fanned out, and then an endpoint that is disabled gets none.
UNSENT_FOR_MAX = timedelta(minutes=1)

log = structlog.get_logger(__name__)


def notice_of(endpoint_id: str, reason: str, now: datetime) -> NewWork:
    """The row that has a partner told; one for each time an endpoint is disabled."""
    return NewWork(endpoint_id, NOTICE, {"reason": reason, "at": now.isoformat()}, now, "")


@dataclass
class NoticeSender:
    """``perform`` is the worker's: no transaction is open while the mail server is talked to."""

    transactions: Transactions[MessageWork]
    mailer: Mailer
    settings: NotificationsSettings

    async def perform(self, row: LeasedRow) -> None:
        """Mail it if the partner has left an address. Raises ``MailDelayed`` to try again."""
        async with self.transactions.begin() as work:
            started = await rows.start_calls(work.db, [row], work.now, self.settings.lease_s)
            noticed = await endpoints.noticed(work.db, row.order_id)
        if not started:
            return
        note = None
        if noticed is not None and noticed.contact_email is not None:
            note = await self._mail(row, noticed, noticed.contact_email)
        async with self.transactions.begin() as work:
            await rows.finish(work.db, [row], [note])

    async def _mail(self, row: LeasedRow, noticed: Noticed, address: str) -> str | None:
        """Why the mail was refused for good, or None when the server has it."""
        try:
            async with self.mailer.slots.take():
                await self.mailer.send(letter(row, noticed, address))
        except MailRefused as refused:
            log.warning("partner-notice-refused", endpoint_id=row.order_id, error=str(refused))
            return str(refused)
        return None


def letter(row: LeasedRow, noticed: Noticed, address: str) -> Message:
    """What the partner reads: which endpoint, why, and how to go on."""
    place = f"/v1/webhook-endpoints/{row.order_id}"
    why, disabled_at = WHY[row.payload["reason"]], datetime.fromisoformat(row.payload["at"])
    since = disabled_at - UNSENT_FOR_MAX
    return Message(
        message_id=f"notice-{row.id}",
        order_id="",
        recipient=address,
        subject=f"Webhooks to {noticed.name} are disabled",
        created_at=disabled_at,
        language="en",
        text=f"""Hello {noticed.name},

nothing more is sent to {noticed.url}
since {row.payload["at"][:16].replace("T", " ")} UTC: {why}.

Its events are kept. Once it answers again, take it up:

  PATCH {place}
  {{"enabled": true}}

and have sent what it has refused, then what came after that:

  POST {place}/replay
  {{"failed": true}}

  POST {place}/replay
  {{"since": "{since:%Y-%m-%dT%H:%M:%SZ}"}}

What it has already comes again under the same id.
""",
        html=None,
    )
