"""What the services' app modules say, read without starting anything."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from shared.contracts.event import Event
from shared.messaging.group import Handler
from shared.settings import ServiceSettings

SERVICES = ("orders", "payments", "inventory", "notifications")


def module_of(service: str, name: str) -> Any | None:
    """``<service>.<name>``, or nothing when the service has no such module yet."""
    return import_module(f"{service}.{name}") if find_spec(f"{service}.{name}") else None


@cache
def tables(service: str) -> Mapping[str, Mapping[type[Event], Handler]]:
    """Every table of events and handlers in ``app.py``, by its name; HANDLERS is the first."""
    app = module_of(service, "app")
    return {name: table for name, table in vars(app or object).items() if name.endswith("HANDLERS")}


def handled(service: str) -> dict[type[Event], Handler]:
    """All events a service reacts to, whichever of its groups reads them."""
    return {event: act for table in tables(service).values() for event, act in table.items()}


def settings_of(service: str) -> type[ServiceSettings] | None:
    """The class that lists every variable the service reads."""
    module = module_of(service, "settings")
    found = [
        one
        for one in vars(module or object).values()
        if isinstance(one, type) and issubclass(one, ServiceSettings) and one is not ServiceSettings
    ]
    return found[0] if found else None
