"""The OpenAPI 3.1 document: what FastAPI knows, and what every route has in common."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from shared.http.idempotency import KEY_HEADER
from shared.http.rate_limit import LIMITED

Document = dict[str, Any]

_POINTER = "JSON Pointer (RFC 6901) into the body, or the name of what is wrong"
PROBLEM: Document = {
    "title": "Problem",
    "description": "An error as RFC 9457 has it; ``type`` is ``urn:problem:<name>``.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:problem:[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": _POINTER},
                    "detail": {"type": "string"},
                },
            },
        },
        "trace_id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
}
RETRY_AFTER: Document = {
    "Retry-After": {"description": "Seconds", "schema": {"type": "integer", "minimum": 1}}
}
REPLAYED: Document = {
    "Idempotency-Replayed": {
        "description": "`true` when this is the first answer again",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


BODY_400 = ("malformed-json", "duplicate-member")
KEY_400 = ("idempotency-key-missing", "idempotency-key-invalid")
BODY_422 = ("invalid-text",)
KEY_422 = ("idempotency-key-reused",)
ALWAYS_422 = ("validation-failed", "cardholder-data-refused")
LOCATION: Document = {
    "Location": {"description": "Where the new thing is", "schema": {"type": "string"}}
}
ENTITY_TAG: Document = {
    "ETag": {"description": "The version, quoted", "schema": {"type": "string"}}
}
NEXT: Document = {
    "Link": {"description": 'The next page, `rel="next"`', "schema": {"type": "string"}}
}


class DocumentedApp(FastAPI):
    """An application whose document tells of every answer, also of those made before a route."""

    def openapi(self) -> Document:
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def completed(document: Document) -> Document:
    """Add problems, headers and the bodies that routes read themselves."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    for path, operation in _operations(document):
        _say_plainly(operation)
        _hoist_body(operation, schemas)
        _tell_problems(path, operation)
        _tell_headers(operation)
    return document


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _say_plainly(operation: Document) -> None:
    """What is left out of a query is not there, rather than null; code is marked as Markdown."""
    if "description" in operation:
        operation["description"] = operation["description"].replace("``", "`")
    for parameter in operation.get("parameters", ()):
        kinds = parameter["schema"].pop("anyOf", [])
        for kind in kinds:
            if kind != {"type": "null"}:
                parameter["schema"].update(kind)


def _hoist_body(operation: Document, schemas: Document) -> None:
    """A model that a route reads itself becomes a component like the others."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    schemas.update(schema.pop("$defs", {}))
    if "title" in schema and schema.get("type") == "object":
        schemas[schema["title"]] = schema
        content["schema"] = {"$ref": f"#/components/schemas/{schema['title']}"}


def _tell_problems(path: str, operation: Document) -> None:
    """``problems`` are the route's own; the rest follows from what it takes."""
    names = dict(_common(path, operation))
    for status, own in operation.pop("x-problems", {}).items():
        names.setdefault(status, [])[:0] = own
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422", "")):
        del responses["422"]
    for status, several in names.items():
        own = responses.get(status, {})
        if "content" not in own:
            responses[status] = _problem_response(status, several, own.get("description", ""))
    for status, response in responses.items():
        if status >= "400" and "content" not in response:
            response["content"] = _problem_response(status, [])["content"]
    responses["default"] = _problem_response("500", ["internal-error"])
    operation["responses"] = dict(sorted(responses.items()))


def _common(path: str, operation: Document) -> Iterator[tuple[str, list[str]]]:
    """What guards and readers answer, by status; the names of the more particular first."""
    body, keyed = "requestBody" in operation, _is_keyed(operation)
    yield "400", [*(BODY_400 if body else ()), *(KEY_400 if keyed else ()), "malformed-url"]
    if keyed:
        yield "409", ["idempotency-in-progress"]
    if body:
        yield "413", ["body-too-large"]
        yield "415", ["unsupported-media-type"]
    yield "414", ["url-too-long"]
    yield "422", [*(BODY_422 if body else ()), *(KEY_422 if keyed else ()), *ALWAYS_422]
    if path.startswith(LIMITED):
        yield "429", ["rate-limited"]
    yield "431", ["headers-too-large"]
    yield "503", ["unavailable", *(["overloaded"] if body else [])]


def _problem_response(status: str, names: list[str], told: str = "") -> Document:
    """``told`` is what the route says itself; what every route answers comes after it."""
    response: Document = {
        "description": ", ".join(filter(None, [told, *(f"`{name}`" for name in names)])),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {name: {"value": _example(int(status), name)} for name in names},
            }
        },
    }
    if status in ("429", "503") or "idempotency-in-progress" in names:
        response["headers"] = RETRY_AFTER
    return response


def _example(status: int, name: str) -> Document:
    return {
        "type": f"urn:problem:{name}",
        "title": name.replace("-", " ").capitalize(),
        "status": status,
        "detail": "…",
    }


def _tell_headers(operation: Document) -> None:
    """The answer to a keyed request says where the new thing is, and whether it is new."""
    if not _is_keyed(operation):
        return
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {}).update(REPLAYED)


def _is_keyed(operation: Document) -> bool:
    return any(one["name"] == KEY_HEADER for one in operation.get("parameters", ()))
