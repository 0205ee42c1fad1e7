"""What the services' app modules say, read without starting anything."""

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from shared.contracts.event import Event
from shared.service import Service
from shared.settings import ServiceSettings

SERVICES = ("orders", "payments", "inventory", "notifications", "console")

# Enough for any service to be put together; nothing is opened, so nothing is there.
EXAMPLE_SETTINGS: dict[str, Any] = {
    "ORDERPROOF_ENVIRONMENT": "local",
    "database_url": "postgresql://example@127.0.0.1/example",
    "kafka_bootstrap": "127.0.0.1:9092",
    "instance_name": "example-0",
    "provider_url": "http://127.0.0.1:8080",
    "partner_secrets_key": "A" * 43 + "=",
}


def module_of(service: str, name: str) -> Any | None:
    """``<service>.<name>``, or nothing when the service has no such module."""
    return import_module(f"{service}.{name}") if find_spec(f"{service}.{name}") else None


def settings_of(service: str) -> type[ServiceSettings] | None:
    """The class that lists every variable the service reads."""
    module = module_of(service, "settings")
    found = (
        one
        for one in vars(module or object).values()
        if isinstance(one, type) and issubclass(one, ServiceSettings) and one is not ServiceSettings
    )
    return next(found, None)


@cache
def service_of(service: str) -> Service | None:
    """The service as its ``build`` puts it together, not started."""
    app, settings = module_of(service, "app"), settings_of(service)
    if app is None or settings is None:
        return None
    built: Service = app.build(settings(**EXAMPLE_SETTINGS))
    return built


def handled(service: str) -> dict[type[Event], Callable[..., Any]]:
    """All events a service reacts to, whichever of its groups reads them."""
    built = service_of(service)
    groups = built.groups if built else ()
    return {event: plain(act) for group in groups for event, act in group.handlers.items()}


def plain(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The function behind a handler that was given some of its arguments."""
    return plain(handler.func) if isinstance(handler, partial) else handler
