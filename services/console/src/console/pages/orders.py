"""Orders: found by anything that is known of them, or listed by where they stand."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from shared.contracts.storefront import Storable
from shared.http.paging import CURSOR_LENGTH_MAX, cursor_after, key_of_cursor
from shared.service import Running

from console import store
from console.domain.facts import email_term, term_of
from console.domain.picture import STATUSES
from console.settings import ConsoleSettings

PAGE = 50
CHANNELS = ("b2c", "b2b", "c2c")


class Asked(BaseModel):
    """``q`` is looked for; without it orders are listed by what else is named."""

    q: Annotated[str, Storable, Query(max_length=254)] = ""
    status: Annotated[str, Storable, Query(max_length=40)] = ""
    channel: Annotated[str, Storable, Query(max_length=10)] = ""
    overdue: bool = False
    cursor: Annotated[str, Query(max_length=CURSOR_LENGTH_MAX)] = ""


async def document(running: Running, settings: ConsoleSettings, asked: Asked) -> dict[str, Any]:
    """A page of orders, and where to go on; what is searched comes as a whole, 100 at most."""
    text = asked.q.strip()
    filters = {name: str(value) for name, value in asked.model_dump(exclude={"cursor"}).items()}
    before = key_of_cursor(asked.cursor, filters)
    async with running.pool.acquire() as db:
        if text:
            rows = await store.search(db, terms_of(text, settings.search_key), text)
        else:
            rows = await store.orders(
                db,
                asked.model_dump(include={"status", "channel", "overdue"}),
                await running.clock.now(db),
                before,
                PAGE + 1,
            )
    shown, more = (rows, False) if text else (rows[:PAGE], len(rows) > PAGE)
    return {
        "asked": asked.model_dump(),
        "statuses": STATUSES,
        "channels": CHANNELS,
        "orders": [dict(row) for row in shown],
        "next_cursor": cursor_after(shown[-1]["order_id"], filters) if more else None,
    }


def terms_of(text: str, secret: str) -> list[str]:
    """What ``text`` may be in the table: itself, and as an address its keyed hash."""
    found = [term_of(text)]
    if "@" in text:
        found.append(email_term(text, secret.encode()))
    return found
