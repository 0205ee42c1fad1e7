"""A document becomes a page, a part of one, or JSON: all three say the same."""

from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from json import dumps, loads
from typing import Any
from urllib.parse import quote

from babel.numbers import format_currency, get_currency_precision
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pydantic_core import to_json
from shared.http.problem import Problem

Document = Mapping[str, Any]

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
STREAM_HEADERS = {**HEADERS, "X-Accel-Buffering": "no"}
GOOD = frozenset({"confirmed", "captured", "reserved", "shipped", "dispatched", "delivered"})
BAD = frozenset({"rejected", "expired", "declined", "unreadable"})


def page(request: Request, template: str, document: Document, status: int = 200) -> Response:
    """HTML for people; JSON for who asks with ``?format=json`` or an Accept header."""
    accepts = request.headers.get("accept", "")
    if _is_for_a_program(request) or accepts.startswith("application/json"):
        return Response(to_json(document), status, HEADERS, "application/json")
    shown = {**document, "path": request.url.path, "twin": _twin(request), "user": _user(request)}
    return Response(draw(template, shown), status, HEADERS, "text/html")


def _is_for_a_program(request: Request) -> bool:
    return request.query_params.get("format") == "json"


def _twin(request: Request) -> str | None:
    """Where the page's JSON is, fit for a shell's single quotes; what was posted has none."""
    if request.method != "GET":
        return None
    query = request.url.include_query_params(format="json").query
    return f"{quote(request.scope['path'])}?{query}"


def _user(request: Request) -> str | None:
    """Whom curl must name, where a key is asked for."""
    return request.scope["operator"] if "authorization" in request.headers else None


def draw(template: str, document: Document) -> str:
    return _environment().get_template(template).render(document)


class PageRoute(APIRoute):
    """What is wrong is told to people as a page, or beside their button; to programs as JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                if not _is_for_people(request):
                    raise
                return _told(request, problem.status, problem.detail)
            except RequestValidationError as error:
                if not _is_for_people(request):
                    raise
                wrong = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors()[:5])
                return _told(request, 422, wrong)

        return handled


def _is_for_people(request: Request) -> bool:
    html = "text/html" in request.headers.get("accept", "")
    return html and not _is_for_a_program(request)


def _told(request: Request, status: int, says: str) -> Response:
    whole = "hx-request" not in request.headers
    document = {"ok": False, "says": says, "is_local": False}
    return page(request, "told_page.html" if whole else "told.html", document, status)


@cache
def _environment() -> Environment:
    """What comes from storefronts and customers is text: no tag in it means anything."""
    made = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        money=money, moment=moment, clock=clock, seconds=seconds, tone=tone, pretty=pretty
    )
    return made


def money(minor: int | None, currency: str | None) -> str:
    """As in English, with the decimals of ISO 4217; amounts are minor units."""
    if minor is None:
        return "–"
    if not currency:
        return f"{minor}"
    amount = Decimal(minor).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale="en")


def moment(at: datetime | str | None) -> Markup:
    """A time element in UTC; the page's script writes it in local time when that is wished."""
    if at is None:
        return Markup("–")
    try:
        utc = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    except ValueError:
        return escape(at)
    shown = utc.strftime("%Y-%m-%d %H:%M:%S.") + f"{utc.microsecond // 1000:03d}"
    return Markup('<time datetime="{}">{}</time>').format(utc.isoformat(), shown)


def clock(at: datetime | None) -> Markup:
    """The time of day, where the day is clear."""
    if at is None:
        return Markup("–")
    utc = at.astimezone(UTC)
    shown = utc.strftime("%H:%M:%S")
    return Markup('<time class="clock" datetime="{}">{}</time>').format(utc.isoformat(), shown)


def seconds(value: float | None) -> str:
    """A length of time, with as much of it as one wants to read."""
    if value is None:
        return "–"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 120:
        return f"{value:.1f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"


def tone(word: str | None) -> str:
    """The class that colours a status."""
    if word in GOOD:
        return "good"
    return "bad" if word in BAD else "calm" if word in ("released", "voided") else "wait"


def pretty(data: Any) -> str:
    """JSON to be read; a text is JSON already, or shown as it is."""
    try:
        value = loads(data) if isinstance(data, str) else loads(to_json(data))
    except ValueError:
        return str(data)
    return dumps(value, ensure_ascii=False, indent=2)
