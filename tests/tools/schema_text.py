"""JSON Schema in a few words, for a table's cell."""

from typing import Any

NAMES = {"date-time": "time (RFC 3339)", "uri": "URL", "path": "path"}


def type_text(schema: dict[str, Any]) -> str:
    """Like ``integer, 4–100``, ``array of Hold``, ``text or null``."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_text(one) for one in schema["anyOf"]))
    if "$ref" in schema:
        name: str = schema["$ref"].rpartition("/")[2]
        return f"[`{name}`](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema.get("type") == "array":
        return _array_text(schema)
    limits = _limits(schema)
    return _plain(schema) + (f", {limits}" if limits else "")


def _array_text(schema: dict[str, Any]) -> str:
    inner = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
    size = _range(schema.get("minItems"), schema.get("maxItems"), " of them")
    return f"array of {type_text(inner)}" + (f", {size}" if size else "")


def _plain(schema: dict[str, Any]) -> str:
    kind: str = NAMES.get(schema.get("format", ""), schema.get("type", "any JSON"))
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)


def _limits(schema: dict[str, Any]) -> str:
    parts = [
        _range(schema.get("minimum"), schema.get("maximum"), ""),
        f"above {_number(schema['exclusiveMinimum'])}" if "exclusiveMinimum" in schema else "",
        f"`{schema['pattern']}`" if "pattern" in schema else "",
    ]
    if schema.get("type") == "string" and "maxLength" not in schema:
        parts.append("not empty" if schema.get("minLength") else "")
    elif schema.get("type") == "string":
        parts.append(_range(schema.get("minLength"), schema.get("maxLength"), " characters"))
    if schema.get("type") == "object":
        parts.append(_range(None, schema.get("maxProperties"), " members"))
    return ", ".join(filter(None, parts))


def _range(least: float | None, most: float | None, unit: str) -> str:
    if least is not None and most is not None:
        return f"{_number(least)}–{_number(most)}{unit}"
    if most is not None:
        return f"at most {_number(most)}{unit}"
    return f"at least {_number(least)}{unit}" if least is not None else ""


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
