"""Errors as RFC 9457 problem documents; ``type`` is ``urn:problem:<name>``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.contracts.storefront import field_errors, pointer
from shared.database.transient import is_transient
from shared.observability.tracing import current_traceparent, span

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# A connection that breaks in the middle of a statement shows as any of these.
DATABASE_FAILURES: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

log = structlog.get_logger(__name__)


class Problem(Exception):
    """An answer that is an error: ``name`` ends the type's URN, ``more`` adds members."""

    def __init__(
        self,
        status: int,
        name: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        document: dict[str, Any] = {
            "type": f"urn:problem:{self.name}",
            "title": self.name.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        if trace := current_traceparent():
            document["trace_id"] = trace.split("-")[1]
        body = json.dumps(document, ensure_ascii=False).encode()
        return Response(body, self.status, self.headers, MEDIA_TYPE)


def not_found(detail: str) -> Problem:
    return Problem(404, "not-found", detail)


def unavailable(detail: str = "A part this service needs does not answer.") -> Problem:
    """503: nothing was done, or it is unknown; the same request and key may be sent again."""
    return Problem(503, "unavailable", detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def validation_failed(error: ValidationError) -> Problem:
    errors = [one.model_dump() for one in field_errors(error)]
    return Problem(422, "validation-failed", "The body has another shape.", errors=errors)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http)
    for failure in DATABASE_FAILURES:
        app.add_exception_handler(failure, _database)
    app.add_exception_handler(Exception, _bug)


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _bad_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    errors = [{"pointer": pointer(one["loc"][1:]), "detail": one["msg"]} for one in found[:50]]
    return Problem(
        422, "validation-failed", "The request has another shape.", errors=errors
    ).response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    names = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}
    name = names.get(error.status_code, "request-refused")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(allowed_methods(request))
    return Problem(error.status_code, name, error.detail, headers=headers).response()


def allowed_methods(request: Request) -> list[str]:
    """The methods that any route of the path has; Starlette tells only the first route's."""
    return [
        method
        for method in METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _database(request: Request, error: Exception) -> Response:
    if is_transient(error):
        log.warning("unavailable", path=request.url.path, error=repr(error)[:200])
        return unavailable().response()
    return await _bug(request, error)


async def _bug(request: Request, error: Exception) -> Response:
    # Starlette asks us when the request's own span has ended.
    with span("unhandled", SpanKind.INTERNAL, request.scope.get("traceparent", "")):
        log.error("unhandled", path=request.url.path, exc_info=error)
        detail = "This is our fault; the trace id helps us."
        return Problem(500, "internal-error", detail).response()
