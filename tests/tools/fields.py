"""The fields of every HTTP request, from the OpenAPI documents of the services."""

from collections.abc import Iterator
from typing import Any

from tests.support.in_process import app_of
from tests.support.wiring import SERVICES
from tests.tools.blocks import table
from tests.tools.schema_text import type_text

PUBLIC = "/v1/"
HEAD = ("field", "required", "what it may be")
INTRODUCTION = """\
# What every request may hold

Generated from the services' `/openapi.json`, which also tells the answers and the problems.
`/docs` of a service shows it as a page.
Bodies are JSON in UTF-8, at most 256 KiB.
Members that are not listed are refused, and so is a name given twice.
Where requests are limited, `RateLimit` tells of the instance that answers: each counts for itself.
Length counts characters (Unicode code points).
No text may hold NUL, a lone surrogate, or what looks like a card's number or security code.
Amounts are integers in minor units of the order's currency."""

Json = dict[str, Any]


def page() -> str:
    """Every operation with its parameters and the members of its body."""
    parts = [INTRODUCTION]
    for service in SERVICES:
        document = app_of(service).openapi()
        sections = [
            _section(document, method, path, operation)
            for path, methods in document["paths"].items()
            if path.startswith(PUBLIC)
            for method, operation in methods.items()
        ]
        parts += [f"## {service.capitalize()}", *sections] if sections else []
    return "\n\n".join(parts) + "\n"


def _section(document: Json, method: str, path: str, operation: Json) -> str:
    summary = str(operation.get("description") or operation["summary"]).split("\n")[0]
    rows = [_parameter(one) for one in operation.get("parameters", ())]
    rows += _body_rows(document, operation)
    listed = table(HEAD, rows) if rows else "No fields."
    return f"### {method.upper()} {path}\n\n{summary}\n\n{listed}"


def _parameter(one: Json) -> tuple[str, str, str]:
    return f"{one['in']} `{one['name']}`", _yes(one.get("required")), type_text(one["schema"])


def _body_rows(document: Json, operation: Json) -> list[tuple[str, str, str]]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return list(_members(document, content["schema"], "")) if content else []


def _members(document: Json, schema: Json, above: str) -> Iterator[tuple[str, str, str]]:
    """Each member, and below an object or a list of objects its members."""
    schema = _resolved(document, schema)
    for name, member in schema.get("properties", {}).items():
        path = f"{above}{name}"
        inner = _inner(document, member)
        required = _yes(name in schema.get("required", ()))
        yield f"`{path}`", required, _words(document, member)
        if isinstance(of_map := member.get("additionalProperties"), dict):
            yield (
                f"a name in `{path}`",
                "",
                type_text({"type": "string", **member["propertyNames"]}),
            )
            yield f"`{path}.*`", "", type_text(of_map)
        if inner is not None:
            yield from _members(document, inner, f"{path}{'[]' if _is_list(member) else ''}.")


def _words(document: Json, member: Json) -> str:
    if _inner(document, member) is None:
        return type_text(member)
    nullable = " or null" if any(one == {"type": "null"} for one in member.get("anyOf", ())) else ""
    if not _is_list(member):
        return "object" + nullable
    return type_text({**_list(member), "items": {"type": "object"}}) + nullable


def _inner(document: Json, member: Json) -> Json | None:
    """The object inside, if there is one with members of its own."""
    for one in (member, *member.get("anyOf", ())):
        found = _resolved(document, one.get("items", one))
        if found.get("properties"):
            return found
    return None


def _is_list(member: Json) -> bool:
    return any("items" in one for one in (member, *member.get("anyOf", ())))


def _list(member: Json) -> Json:
    return next(one for one in (member, *member.get("anyOf", ())) if "items" in one)


def _resolved(document: Json, schema: Json) -> Json:
    if "$ref" not in schema:
        return schema
    found: Json = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _yes(required: object) -> str:
    return "yes" if required else "no"
