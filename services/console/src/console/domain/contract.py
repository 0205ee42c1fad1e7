"""How a record's data differs from the contract of its type, member by member."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from console.domain.facts import WITHHELD

KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
FOUND_MAX = 50

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """``pointer`` is an RFC 6901 JSON Pointer into the data."""

    pointer: str
    what: Literal["missing", "unknown", "of another kind"]
    wanted: str
    found: str


def differences(schema: Schema, data: str) -> list[Difference]:
    """What is missing, unknown or of another kind; values of the right kind are not judged.

    ``schema`` is an event's JSON Schema. What the console withholds counts as right.
    """
    found = _compare(schema, schema, json.loads(data), "")
    return [one for one, _ in zip(found, range(FOUND_MAX), strict=False)]


def _compare(root: Schema, schema: Schema, value: Any, pointer: str) -> Iterator[Difference]:
    schema = _resolved(root, schema)
    wanted = _kinds(root, schema)
    if value == WITHHELD or not wanted:
        return
    if not any(_is(value, kind) for kind in wanted):
        yield Difference(pointer, "of another kind", " or ".join(wanted), _kind_of(value))
        return
    choices = _choices(root, schema)
    schema = next((one for one in choices if _is(value, one.get("type", ""))), schema)
    if isinstance(value, dict) and "properties" in schema:
        yield from _members(root, schema, value, pointer)
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            yield from _compare(root, schema["items"], one, f"{pointer}/{number}")


def _members(
    root: Schema, schema: Schema, value: Mapping[str, Any], pointer: str
) -> Iterator[Difference]:
    known = schema["properties"]
    for name in schema.get("required", ()):
        if name not in value:
            wanted = " or ".join(_kinds(root, _resolved(root, known[name])))
            yield Difference(f"{pointer}/{_escaped(name)}", "missing", wanted, "nothing")
    for name, one in value.items():
        where = f"{pointer}/{_escaped(name)}"
        if name in known:
            yield from _compare(root, known[name], one, where)
        else:
            yield Difference(where, "unknown", "nothing", _kind_of(one))


def _resolved(root: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _choices(root: Schema, schema: Schema) -> list[Schema]:
    return [_resolved(root, one) for one in schema.get("anyOf", (schema,))]


def _kinds(root: Schema, schema: Schema) -> list[str]:
    return [one["type"] for one in _choices(root, schema) if "type" in one]


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return kind in KINDS and isinstance(value, KINDS[kind])


def _kind_of(value: Any) -> str:
    return next((kind for kind in KINDS if _is(value, kind)), "number")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
