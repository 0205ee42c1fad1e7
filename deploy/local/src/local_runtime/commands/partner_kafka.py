"""``orderproof partners kafka``: a partner's own user in Kafka, made, renewed or taken away."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption
from local_runtime.commands.partner_options import PartnerName, ask_about
from local_runtime.commands.running import running_endpoints
from local_runtime.paths import DEFAULT_RUN_DIR

if TYPE_CHECKING:
    from local_runtime.partner_consumers import KafkaAccess


def kafka(
    name: PartnerName,
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take its user and its rights away.")
    ] = False,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Let a partner read the topic, under a new password that is printed this once."""
    from local_runtime.partner_kafka import remove_partner
    from local_runtime.partners import find

    output = Output(as_json=as_json)
    endpoints = open_door(run_dir, output)
    partner = ask_about(run_dir, output, lambda calls: find(calls, name))
    if remove:
        gone = remove_partner(endpoints["kafka"], name)
        output.document({"name": name, "removed": gone})
        words = "is let in to Kafka no more" if gone else "had no user in Kafka"
        output.console.print(f"{name} {words}", markup=False)
        return
    access = let_in(endpoints, name, partner["seller_id"], output)
    output.document(as_document(access))
    output.console.print(shown(access), markup=False)


def open_door(run_dir: Path, output: Output) -> Mapping[str, Any]:
    """The running stack's addresses; ends the command when its Kafka lets no partner in."""
    endpoints = running_endpoints(run_dir, output)
    if not endpoints.get("partner_kafka"):
        raise output.fail(
            "this stack's Kafka lets no partner in; "
            "start it with: orderproof up --detach --partner-kafka"
        )
    return endpoints


def let_in(
    endpoints: Mapping[str, Any], name: str, seller_id: str | None, output: Output
) -> "KafkaAccess":
    """The partner's user, with a new password; ends the command when Kafka does not do it."""
    from local_runtime.partner_kafka import PartnerKafkaError, kafka_access

    try:
        return kafka_access(endpoints, name, seller_id=seller_id)
    except (PartnerKafkaError, ValueError) as error:
        raise output.fail(str(error)) from error


def shown(access: "KafkaAccess") -> str:
    from local_runtime.partner_consumers import as_text

    return as_text(access)


def as_document(access: "KafkaAccess") -> dict[str, Any]:
    """Everything, with the password: whoever asked is told it this once."""
    from local_runtime.partner_consumers import consumers

    return {
        "bootstrap": access.bootstrap,
        "ca_file": access.ca_file,
        "username": access.username,
        "password": access.password,
        "group_prefix": access.group_prefix,
        "topic": access.topic,
        "consumers": consumers(access),
    }
