"""HTTP: the log of messages, without addresses and texts, and mailing one once more."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from shared.contracts.storefront import Storable
from shared.http.operators import UNNAMED, Operator, acted
from shared.http.problem import Problem, not_found
from shared.http.routes import JsonRoute, problems
from shared.observability import tracing
from shared.service import Running

from notifications import store
from notifications.unit_of_work import MAIL

MESSAGES_MAX = 1_000
MessageId = Annotated[str, Path(min_length=1, max_length=64), Storable]


class LoggedMessage(BaseModel):
    """``state`` is ``refused`` when no later attempt can bring the mail to its address."""

    message_id: str
    order_id: str
    kind: str
    state: Literal["queued", "sent", "refused"]
    subject: str
    attempts: int
    created_at: datetime
    sent_at: datetime | None


class MessageLog(BaseModel):
    messages: list[LoggedMessage]


def routes(running: Running) -> Sequence[APIRouter]:
    """The message log of one order."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"], route_class=JsonRoute)

    @router.get("")
    async def list_messages(
        order_id: Annotated[str, Query(min_length=1, max_length=128)],
    ) -> MessageLog:
        """The messages about an order, the oldest first; none for an order never placed."""
        async with running.pool.acquire() as db:
            found = await store.messages_of(db, order_id, MESSAGES_MAX)
        return MessageLog(
            messages=[LoggedMessage.model_validate(one, from_attributes=True) for one in found]
        )

    @router.post(
        "/{message_id}/resend",
        status_code=202,
        openapi_extra=problems(_404="not-found", _409="already-queued"),
    )
    async def resend(message_id: MessageId, operator: Operator = UNNAMED) -> LoggedMessage:
        """Mail it once more under the same Message-ID, after the order's other mails."""
        async with running.transactions.answering(tracing.current_traceparent()) as work:
            found = await store.find(work.db, message_id)
            if found is None:
                raise not_found(f"No message {message_id}.")
            await work.lock_orders({found.order_id})
            if await store.is_queued(work.db, message_id, found.order_id):
                raise Problem(409, "already-queued", "It is on its way, or waits for its turn.")
            work.add_work(found.order_id, MAIL, {"message_id": message_id})
        acted("mail-resent", operator, message_id=message_id, order_id=found.order_id)
        return LoggedMessage.model_validate(found, from_attributes=True)

    return [router]
