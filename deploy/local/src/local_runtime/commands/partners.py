"""``orderproof partners``: who is told of fulfilment, by which keys and endpoints."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local_runtime.commands import partners_text as text
from local_runtime.commands.options import JsonOption, OperatorOption, Output, RunDirOption
from local_runtime.commands.partner_deliveries import deliveries, replay
from local_runtime.commands.partner_endpoints import endpoints
from local_runtime.commands.partner_kafka import as_document, kafka, let_in, open_door, shown
from local_runtime.commands.partner_options import (
    EventTypes,
    ExpiresInDays,
    PartnerName,
    Scope,
    an_id,
    ask_about,
    notifications,
)
from local_runtime.paths import DEFAULT_RUN_DIR

if TYPE_CHECKING:
    from local_runtime.service_calls import Json

PULL = "/v1/fulfilment-events"
ENDPOINTS = "/v1/webhook-endpoints"
DOCS = "docs/partners"

partners = typer.Typer(
    help="Partners who are told of fulfilment: their keys, endpoints and deliveries.",
    no_args_is_help=True,
)
keys = typer.Typer(help="A partner's keys: one more, or one less.", no_args_is_help=True)
partners.add_typer(keys, name="keys")
partners.add_typer(endpoints, name="endpoints")
partners.command()(kafka)

Seller = Annotated[str | None, typer.Option(metavar="ID", help="This seller's goods only.")]
KeyId = Annotated[
    str, typer.Argument(metavar="KEY_ID", callback=an_id, help="As `partners show` tells it.")
]
Scopes = Annotated[
    list[Scope] | None,
    typer.Option("--scope", help="What it allows; may be given repeatedly. Default: everything."),
]


@partners.command()
def add(
    name: PartnerName,
    *,
    seller: Seller = None,
    event_type: EventTypes = None,
    expires_in_days: ExpiresInDays = None,
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Told when an endpoint is disabled.")
    ] = None,
    sees_addresses: Annotated[
        bool, typer.Option("--addresses", help="Grant it shipping addresses.")
    ] = False,
    with_kafka: Annotated[
        bool, typer.Option("--kafka", help="Make its user in Kafka too, and print consumers.")
    ] = False,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Make a partner known; prints its first key, this once, and what to do with it."""
    from local_runtime.partner_kafka import NoKafkaForSellersError, refuse_sellers
    from local_runtime.partners import add as add_partner

    output = Output(as_json=as_json)
    request = _new_partner(name, seller, event_type, expires_in_days)
    if email is not None:
        request["contact_email"] = email
    if sees_addresses:
        request["sees_addresses"] = True
    # Before the key is there: what fails after that would lose it.
    base_url, door = notifications(run_dir, output), None
    if with_kafka:
        door = open_door(run_dir, output)
        try:
            refuse_sellers(name, seller)
        except NoKafkaForSellersError as error:
            raise output.fail(str(error), code=2) from error
    added = ask_about(run_dir, output, lambda calls: add_partner(calls, request), operator)
    _tell_added(added, base_url, output, door)


def _new_partner(
    name: str, seller: str | None, event_types: Sequence[str] | None, days: int | None
) -> "Json":
    """What the service is asked to add."""
    return {
        "name": name,
        "seller_id": seller,
        "event_types": list(event_types) if event_types else None,
        "key_expires_in_days": days,
    }


def _tell_added(
    added: "Json", base_url: str, output: Output, door: Mapping[str, Any] | None
) -> None:
    """The key first: what Kafka then refuses can be asked for again."""
    addresses = {"pull": base_url + PULL, "webhook_endpoints": base_url + ENDPOINTS}
    output.console.print(text.added(added, addresses, DOCS), markup=False)
    told = {**added, "addresses": addresses, "docs": DOCS}
    if door is not None:
        access = let_in(door, added["name"], added["seller_id"], output)
        told["kafka"] = as_document(access)
        output.console.print("\n" + shown(access), markup=False)
    output.document(told)


@partners.command("list")
def list_all(*, run_dir: RunDirOption = DEFAULT_RUN_DIR, as_json: JsonOption = False) -> None:
    """Every partner, and how many of its keys are valid."""
    from local_runtime.partners import list_partners

    output = Output(as_json=as_json)
    found = ask_about(run_dir, output, list_partners)
    output.document({"partners": found})
    output.console.print(text.listing(found, datetime.now(UTC)), markup=False)


@partners.command()
def show(
    name: PartnerName, *, run_dir: RunDirOption = DEFAULT_RUN_DIR, as_json: JsonOption = False
) -> None:
    """One partner, its keys and its endpoints, and how they stand."""
    from local_runtime.partners import find

    output = Output(as_json=as_json)
    found = ask_about(run_dir, output, lambda calls: find(calls, name))
    output.document(found)
    output.console.print(text.details(found, datetime.now(UTC)), markup=False)


@partners.command()
def addresses(
    name: PartnerName,
    *,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Nothing more of them is told, from now on.")
    ] = False,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Grant it shipping addresses; it is told them once it asks for their type."""
    from local_runtime.partners import grant_addresses
    from local_runtime.service_calls import Calls

    async def act(calls: Calls) -> "Json":
        return await grant_addresses(calls, name, granted=not withdraw)

    output = Output(as_json=as_json)
    told = ask_about(run_dir, output, act, operator)
    output.document(told)
    output.console.print(text.addresses(told), markup=False)


@keys.command("add")
def add_key(
    name: PartnerName,
    *,
    scope: Scopes = None,
    expires_in_days: ExpiresInDays = None,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """One more key; it is printed this once."""
    from local_runtime import partners as service

    output = Output(as_json=as_json)
    request: Json = {"expires_in_days": expires_in_days}
    if scope:
        request["scopes"] = [one.value for one in scope]
    told = ask_about(run_dir, output, lambda calls: service.add_key(calls, name, request), operator)
    output.document(told)
    output.console.print(text.key_added(told, name), markup=False)


@keys.command()
def revoke(
    name: PartnerName,
    key_id: KeyId,
    *,
    in_24_hours: Annotated[
        bool, typer.Option("--in-24-hours", help="Not at once: there is time to change keys.")
    ] = False,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """End a key for ever, at once."""
    from local_runtime import partners as service
    from local_runtime.service_calls import Calls

    async def act(calls: Calls) -> "Json":
        return await service.revoke_key(calls, name, key_id, at_once=not in_24_hours)

    output = Output(as_json=as_json)
    told = ask_about(run_dir, output, act, operator)
    output.document(told)
    output.console.print(text.revoked(told), markup=False)


partners.command()(deliveries)
partners.command()(replay)
