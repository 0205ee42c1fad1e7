"""The table of a service's settings, from the class that reads them."""

import json
from typing import Any

from shared.settings import ServiceSettings

from tests.tools.blocks import table as markdown
from tests.tools.schema_text import type_text


def table(settings: type[ServiceSettings]) -> str:
    """Every variable with its type, default and meaning; the service's own come first."""
    common = set(ServiceSettings.model_fields)
    own = [name for name in settings.model_fields if name not in common]
    parts = []
    if own:
        parts += ["Of this service:", _rows(settings, own)]
    parts += ["Of every service:", _rows(settings, [*ServiceSettings.model_fields])]
    return "\n\n".join(parts)


def _rows(settings: type[ServiceSettings], names: list[str]) -> str:
    schema = settings.model_json_schema(by_alias=False)
    head = ("variable", "type", "default", "what it is")
    return markdown(head, [_row(settings, name, schema) for name in names])


def _row(
    settings: type[ServiceSettings], name: str, schema: dict[str, Any]
) -> tuple[str, str, str, str]:
    field = settings.model_fields[name]
    alias = field.validation_alias
    variable = alias if isinstance(alias, str) else _prefixed(settings, name)
    property_ = schema["properties"][name]
    default = "required" if field.is_required() else _default(property_.get("default"))
    return f"`{variable}`", type_text(property_), default, field.description or ""


def _prefixed(settings: type[ServiceSettings], name: str) -> str:
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()


def _default(value: Any) -> str:
    if value is None:
        return "none"
    if value == "":
        return "empty"
    return f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"
