"""Routes that take JSON: the body is read once, strictly, before anything else looks at it."""

from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared.http.json_body import read_json
from shared.http.problem import Problem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRequest(Request):
    """A request whose body was read and checked; ``document`` is what it says."""

    document: Any = None

    async def json(self) -> Any:
        return self.document


class JsonRoute(APIRoute):
    """Refuses by name what is no JSON, is ambiguous or cannot be stored, on every such route.

    A route takes JSON when it has a body parameter, or says so by ``takes``.
    """

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        declared = (self.openapi_extra or {}).get("requestBody", {})
        if self.body_field is None and not declared:
            return handle
        is_required = bool(declared.get("required", True))

        async def read_first(request: Request) -> Response:
            checked = JsonRequest(request.scope, request.receive)
            refuse_media_type(request)
            body = await checked.body()
            if body or is_required:
                checked.document = read_json(body)
            return await handle(checked)

        return read_first


def takes(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """``openapi_extra`` of a route that reads its body itself."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


def problems(**by_status: str) -> dict[str, Any]:
    """``openapi_extra`` naming a route's own problems: ``problems(_404="not-found")``."""
    named = {status.lstrip("_"): names.split() for status, names in by_status.items()}
    return {"x-problems": named}


def refuse_media_type(request: Request) -> None:
    """Raises ``Problem`` 415 for a body that is not plain JSON in UTF-8 (RFC 9110, 15.5.16)."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise _unsupported("Send the body without a Content-Encoding.", {"Accept-Encoding": ""})
    if not is_json(request.headers.get("content-type")) and _has_body(request):
        raise _unsupported("Send application/json.", {"Accept": "application/json"})


def is_json(content_type: str | None) -> bool:
    """``application/json`` or ``application/…+json``; if it names a charset, UTF-8."""
    if content_type == "application/json":
        return True
    if not content_type:
        return False
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return (
        message.get_content_maintype() == "application"
        and (subtype == "json" or subtype.endswith("+json"))
        and (message.get_content_charset() or "utf-8") == "utf-8"
    )


def _has_body(request: Request) -> bool:
    return (
        request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    )


def _unsupported(detail: str, headers: dict[str, str]) -> Problem:
    return Problem(415, "unsupported-media-type", detail, headers=headers)
