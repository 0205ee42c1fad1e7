"""docs/events.md: each event with its topic, its producer, who reacts how, and its members."""

from collections.abc import Iterator
from functools import cache
from inspect import getdoc
from typing import Any

from pydantic import BaseModel
from shared.contracts.catalogue import EVENTS
from shared.contracts.event import Event, Value
from shared.contracts.storefront import Body, OrderSubmitted, Submission

from tests.support.wiring import SERVICES, handled, service_of
from tests.tools.blocks import table
from tests.tools.schema_text import type_text

HEAD = """# Events

Generated from the contracts and the services' tables of handlers; a test fails when it is stale.
`.venv/bin/python -m tests.tools.docs` writes it anew.

Every event is a CloudEvent 1.0 in Kafka's binary mode.
Its attributes are headers, its members below are the JSON value.
The key is the order's id.
Records of `storefront.orders.v1` and `storefront-order-refused` are keyed by `client_reference`.
`ce_sequence` counts the events of one key on one topic from 1, without a gap.
Readers ignore members they do not know, so an owner may add some.
Anything else is a new version.
"""


def page() -> str:
    """The whole document."""
    topics = dict.fromkeys(event.topic for event in EVENTS.values())
    parts = [HEAD, overview()]
    for topic in topics:
        parts.append(f"## {topic}")
        parts += [section(event) for event in EVENTS.values() if event.topic == topic]
    parts += ["## Values", "Parts of events, by the name used above.", *values()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def overview() -> str:
    rows = [
        (f"[`{event.type}`](#{anchor(event)})", producer(event), ", ".join(reactions(event)) or "–")
        for event in EVENTS.values()
    ]
    return table(("event", "told by", "who reacts, and how"), rows)


def section(event: type[Event]) -> str:
    parts = [f"### {event.__name__}", f"`{event.type}`, told by {producer(event)}."]
    if own_words(event):
        parts.append(own_words(event))
    if who := list(reactions(event, link=True)):
        parts.append("Reactions: " + ", ".join(who) + ".")
    return "\n\n".join([*parts, members(Submission if event is OrderSubmitted else event)])


def values() -> Iterator[str]:
    """Each value class that events are made of, once."""
    for value in _value_classes():
        yield "\n\n".join(filter(None, [f"### {value.__name__}", own_words(value), members(value)]))


def members(value: type[BaseModel]) -> str:
    schema = value.model_json_schema()
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", type_text(one), "yes" if name in required else "no")
        for name, one in schema["properties"].items()
    ]
    return table(("member", "type", "required"), rows)


def producer(event: type[Event]) -> str:
    """The service that publishes it; storefronts are outside."""
    if event.type.startswith("storefront."):
        return "storefronts"
    found = [one for one in SERVICES if event in _publishes(one)]
    return ", ".join(found) or "nobody yet"


def reactions(event: type[Event], *, link: bool = False) -> Iterator[str]:
    """``inventory: reserve_stock`` for each service that has a handler."""
    for service in SERVICES:
        if handler := handled(service).get(event):
            name = handler.__name__
            place = f"../services/{service}/src/{service}/handlers/{name}.py"
            yield f"{service}: " + (f"[`{name}`]({place})" if link else f"`{name}`")


def own_words(value: type[Any]) -> str:
    """The class's own docstring, not one it inherited, with Markdown's single backticks."""
    return (getdoc(value) or "").replace("``", "`") if value.__dict__.get("__doc__") else ""


def anchor(event: type[Event]) -> str:
    return event.__name__.lower()


@cache
def _publishes(service: str) -> tuple[type[Event], ...]:
    built = service_of(service)
    return built.publishes if built else ()


def _value_classes() -> list[type[BaseModel]]:
    models: list[type[BaseModel]] = [*EVENTS.values(), Submission]
    names = {name for one in models for name in one.model_json_schema().get("$defs", ())}
    known = {one.__name__: one for base in (Value, Body) for one in _subclasses(base)}
    return [known[name] for name in sorted(names)]


def _subclasses(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in base.__subclasses__():
        yield one
        yield from _subclasses(one)
