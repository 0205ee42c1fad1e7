"""HTTP: the log of messages, without addresses and texts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel
from shared.http.routes import JsonRoute
from shared.service import Running

from notifications import store

MESSAGES_MAX = 1_000


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

    return [router]
