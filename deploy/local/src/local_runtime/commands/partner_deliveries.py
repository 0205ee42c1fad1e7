"""``orderproof partners deliveries`` and ``replay``: what was sent, and sending it again."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_runtime.commands import partners_text as text
from local_runtime.commands.options import JsonOption, OperatorOption, Output, RunDirOption
from local_runtime.commands.partner_options import EndpointId, PartnerName, ask_about
from local_runtime.paths import DEFAULT_RUN_DIR

if TYPE_CHECKING:
    from local_runtime.service_calls import Json

LIMIT = 50


class State(StrEnum):
    """How a delivery stands; ``waiting`` is behind an earlier one of its order."""

    WAITING = "waiting"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


OnlyState = Annotated[State | None, typer.Option(help="Only those that stand so.")]
OnlyOrder = Annotated[str | None, typer.Option(metavar="ID", help="Only those of this order.")]
Limit = Annotated[int, typer.Option(min=1, help="So many at most.")]
DeliveryId = Annotated[
    int | None, typer.Option(metavar="ID", min=0, help="This one, with its body and attempts.")
]
EventId = Annotated[str | None, typer.Option("--event", metavar="ID", help="This event.")]
Failed = Annotated[bool, typer.Option("--failed", help="All that were given up.")]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="All since then, like 2026-11-30T10:00:00Z."),
]
After = Annotated[
    str | None, typer.Option(metavar="CURSOR", help="All after that place in the feed.")
]


def deliveries(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    state: OnlyState = None,
    order_id: OnlyOrder = None,
    limit: Limit = LIMIT,
    delivery: DeliveryId = None,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """What was sent to an endpoint or is to be, the newest first."""
    from local_runtime import partners as service

    output = Output(as_json=as_json)
    filters = {"state": None if state is None else state.value, "order_id": order_id}
    given = {key: value for key, value in filters.items() if value is not None}
    if delivery is not None:
        if given:
            raise output.fail("--delivery goes without --state and --order-id", code=2)
        _show((name, endpoint_id), delivery, run_dir, output)
        return
    found, has_more = ask_about(
        run_dir,
        output,
        lambda calls: service.deliveries(calls, name, endpoint_id, given, limit),
    )
    output.document({"deliveries": found, "has_more": has_more})
    output.console.print(text.deliveries(found, has_more=has_more), markup=False)


def replay(
    name: PartnerName,
    endpoint_id: EndpointId,
    *,
    event: EventId = None,
    failed: Failed = False,
    since: Since = None,
    after: After = None,
    operator: OperatorOption = "unnamed",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Send again, under the ids they had: exactly one of --event, --failed, --since, --after."""
    from local_runtime import partners as service
    from local_runtime.service_calls import Calls

    output = Output(as_json=as_json)
    named = {"event_id": event, "failed": failed or None, "since": since, "after": after}
    what = {key: value for key, value in named.items() if value is not None}
    if len(what) != 1:
        raise output.fail("name one of --event, --failed, --since and --after", code=2)

    async def act(calls: Calls) -> "Json":
        path = service.endpoint_path(name, endpoint_id, "replay")
        return await service.replay(calls, path, what, status.update)

    with output.console.status("Replaying …") as status:
        told = ask_about(run_dir, output, act, operator)
    output.document(told)
    output.console.print(text.replayed(told, name, endpoint_id), markup=False)


def _show(where: tuple[str, str], delivery_id: int, run_dir: Path, output: Output) -> None:
    from local_runtime.partners import delivery

    told = ask_about(run_dir, output, lambda calls: delivery(calls, *where, delivery_id))
    output.document(told)
    output.console.print(text.delivery(told), markup=False)
