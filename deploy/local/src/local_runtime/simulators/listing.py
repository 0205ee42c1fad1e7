"""The provider's own list: every operation that moved money, in the order of time, in pages."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from local_runtime.simulators.bodies import problems, refusal
from local_runtime.simulators.book import Operation

PAGE_MAX = 100
MOVING = ("capture", "refund")


class Window(BaseModel):
    """From one moment up to, not including, another; ``after`` is what the page before gave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Annotated[AwareDatetime, Field(alias="from")]
    until: Annotated[AwareDatetime, Field(alias="to")]
    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


def asked_window(request: web.Request) -> Window:
    try:
        return Window.model_validate(dict(request.query))
    except ValidationError as error:
        raise refusal(422, "invalid-request", problems(error)) from None


def page(operations: Sequence[Operation], window: Window) -> dict[str, Any]:
    """The part of the book that ``window`` asks for; ``next`` is null on the last page."""
    first = max(bisect_left(operations, window.since, key=_at), window.after)
    last = bisect_left(operations, window.until, key=_at)
    found: list[Operation] = []
    for place in range(first, last):
        if len(found) == window.limit:
            return {"transactions": [_line(one) for one in found], "next": str(place)}
        if operations[place].ok and operations[place].op in MOVING:
            found.append(operations[place])
    return {"transactions": [_line(one) for one in found], "next": None}


def _at(operation: Operation) -> datetime:
    return datetime.fromisoformat(operation.at)


def _line(operation: Operation) -> dict[str, Any]:
    return {name: value for name, value in asdict(operation).items() if name != "ok"}
