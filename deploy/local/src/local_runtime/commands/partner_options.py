"""Arguments and options that the commands about partners share."""

import os
import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from local_runtime.commands.options import Output, signature
from local_runtime.commands.running import ask, running_services

if TYPE_CHECKING:
    from local_runtime.service_calls import Calls

SERVICE = "notifications"
# They stand in addresses: what has other characters is none, and could be another address.
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
DAYS_MAX = 3650

T = TypeVar("T")


class Scope(StrEnum):
    """What a key allows."""

    EVENTS = "events:read"
    ENDPOINTS = "endpoints:manage"
    KEYS = "keys:manage"


def an_id(value: str) -> str:
    if not ID.fullmatch(value):
        raise typer.BadParameter("1 to 64 of: letters, digits, - and _")
    return value


PartnerName = Annotated[
    str, typer.Argument(metavar="NAME", callback=an_id, help="The partner's name, as in the list.")
]
EndpointId = Annotated[
    str, typer.Argument(metavar="ENDPOINT_ID", callback=an_id, help="As `partners show` tells it.")
]
EventTypes = Annotated[
    list[str] | None,
    typer.Option("--event-type", metavar="TYPE", help="Only this type; may be given repeatedly."),
]
ExpiresInDays = Annotated[
    int | None,
    typer.Option("--expires-in-days", min=1, max=DAYS_MAX, help="Default: when it is revoked."),
]
SecretFromEnv = Annotated[
    str | None,
    typer.Option(metavar="VAR", help="The variable that holds a secret of yours, `whsec_…`."),
]


def notifications(run_dir: Path, output: Output) -> str:
    """The base URL of the service that serves partners; ends the command when none runs."""
    return running_services(run_dir, output, SERVICE)[SERVICE]


def ask_about(
    run_dir: Path,
    output: Output,
    act: Callable[["Calls"], Awaitable[T]],
    operator: str | None = None,
) -> T:
    """What ``act`` learns, signed by ``operator`` where it changes something."""
    signed = None if operator is None else signature(operator, output)
    return ask({SERVICE: notifications(run_dir, output)}, output, act, signed)


def secret_from(variable: str | None, output: Output) -> str | None:
    """The variable's value: a secret in an argument would be seen in the list of processes."""
    if variable is None:
        return None
    if not (secret := os.environ.get(variable)):
        raise output.fail(f"--secret-from-env: {variable} is empty; export it first", code=2)
    return secret
