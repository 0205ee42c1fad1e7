"""``orderproof partners endpoints``: where a partner's webhooks are sent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_runtime.commands import partners_text as text
from local_runtime.commands.options import JsonOption, OperatorOption, Output, RunDirOption
from local_runtime.commands.partner_options import (
    EndpointId,
    EventTypes,
    PartnerName,
    SecretFromEnv,
    ask_about,
    secret_from,
)
from local_runtime.paths import DEFAULT_RUN_DIR

if TYPE_CHECKING:
    from local_runtime.service_calls import Json

endpoints = typer.Typer(help="Where a partner's webhooks are sent.", no_args_is_help=True)

Url = Annotated[str, typer.Argument(metavar="URL", help="What takes the events.")]


@endpoints.command()
def add(
    name: PartnerName,
    url: Url,
    *,
    event_type: EventTypes = None,
    secret_from_env: SecretFromEnv = None,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Send events to URL from now on; a secret that was made for it is printed this once."""
    from local_runtime.partners import add_endpoint

    output = Output(as_json=as_json)
    secret = secret_from(secret_from_env, output)
    request: Json = {"url": url, "event_types": event_type or None, "secret": secret}
    told = ask_about(run_dir, output, lambda calls: add_endpoint(calls, name, request), operator)
    _tell_secret(told, name, secret_from_env, output)


@endpoints.command()
def rotate(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    secret_from_env: SecretFromEnv = None,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Give it a new secret, printed this once; the one before is valid for 24 hours more."""
    from local_runtime.partners import rotate as rotate_secret
    from local_runtime.service_calls import Calls

    output = Output(as_json=as_json)
    secret = secret_from(secret_from_env, output)

    async def act(calls: Calls) -> "Json":
        return await rotate_secret(calls, name, endpoint_id, secret)

    _tell_secret(ask_about(run_dir, output, act, operator), name, secret_from_env, output)


@endpoints.command()
def remove(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Send nothing more there, for ever; `disable` can be undone."""
    from local_runtime.partners import remove_endpoint

    output = Output(as_json=as_json)
    ask_about(run_dir, output, lambda calls: remove_endpoint(calls, name, endpoint_id), operator)
    output.document({"partner": name, "removed": endpoint_id})
    output.console.print(f"Endpoint {endpoint_id} is gone", markup=False)


@endpoints.command()
def enable(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Take up one that was disabled; what it missed is for `partners replay`."""
    _set_enabled((name, endpoint_id), run_dir, Output(as_json=as_json), operator, enabled=True)


@endpoints.command()
def disable(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Send nothing there until it is enabled again."""
    _set_enabled((name, endpoint_id), run_dir, Output(as_json=as_json), operator, enabled=False)


@endpoints.command("test")
def send_test(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Send one event of no order now; exit 1 when it was not received."""
    from local_runtime import partners as service
    from local_runtime.service_calls import Calls

    async def act(calls: Calls) -> "Json":
        return await service.send_test(calls, name, endpoint_id)

    output = Output(as_json=as_json)
    told = ask_about(run_dir, output, act, operator)
    output.document(told)
    output.console.print(text.tested(told), markup=False)
    if not told["received"]:
        raise typer.Exit(1)


def _set_enabled(
    where: tuple[str, str], run_dir: Path, output: Output, operator: str, *, enabled: bool
) -> None:
    from local_runtime.partners import set_enabled
    from local_runtime.service_calls import Calls

    async def act(calls: Calls) -> "Json":
        return await set_enabled(calls, *where, enabled=enabled)

    told = ask_about(run_dir, output, act, operator)
    output.document(told)
    output.console.print(text.endpoint_stands(told), markup=False)


def _tell_secret(told: "Json", name: str, variable: str | None, output: Output) -> None:
    """A secret that came from a variable is known already: it is not shown."""
    shown = {key: value for key, value in told.items() if variable is None or key != "secret"}
    output.document(shown)
    output.console.print(text.secret_told(shown, name, variable), markup=False)
