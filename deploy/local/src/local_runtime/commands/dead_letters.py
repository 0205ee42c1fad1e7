"""``orderproof dead-letters``: look at what is parked, run it again, or drop it with a reason."""

from dataclasses import asdict
from typing import Annotated

import typer

from local_runtime.commands import dead_letters_text as text
from local_runtime.commands.options import (
    JsonOption,
    OperatorOption,
    Output,
    RunDirOption,
    signature,
)
from local_runtime.commands.running import ask, running_services
from local_runtime.paths import DEFAULT_RUN_DIR

REASON_CHARACTERS_MAX = 500

dead_letters = typer.Typer(help="What is parked: look, run again, drop.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="Its name, as in the list.")]
ParkedId = Annotated[int, typer.Argument(metavar="ID", help="The record's id in that service.")]
OnlyService = Annotated[str | None, typer.Option("--service", help="Of this service only.")]
OnlyReason = Annotated[
    str | None,
    typer.Option("--reason-filter", metavar="NAME", help="Parked for this reason only."),
]
OnlyType = Annotated[
    str | None,
    typer.Option("--type", metavar="NAME", help="Whose first event is of this type; '' for none."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")]


@dead_letters.command("list")
def list_all(
    *,
    service: OnlyService = None,
    reason_filter: OnlyReason = None,
    event_type: OnlyType = None,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """The first record of each parked key; exit 1 when a service does not answer."""
    from local_runtime.dead_letters import Wanted, list_parked

    output = Output(as_json=as_json)
    wanted = Wanted(reason_filter, event_type)
    addresses = running_services(run_dir, output, service)
    found = ask(addresses, output, lambda calls: list_parked(calls, wanted))
    output.document({"dead_letters": found.letters, "unanswered": found.unanswered})
    output.console.print(text.listing(found.letters), markup=False)
    _end(output, found.unanswered, failed=False)


@dead_letters.command()
def show(
    service: Service,
    parked_id: ParkedId,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    *,
    as_json: JsonOption = False,
) -> None:
    """One record's reason, error and headers; never its value, which may hold a token."""
    from local_runtime.dead_letters import find

    output = Output(as_json=as_json)
    addresses = running_services(run_dir, output, service)
    letter = ask(addresses, output, lambda calls: find(calls, service, parked_id))
    output.document(letter)
    output.console.print(text.details(letter), markup=False)


@dead_letters.command()
def redrive(
    service: Annotated[str | None, typer.Argument(help="With an ID: that record's key.")] = None,
    parked_id: Annotated[int | None, typer.Argument(metavar="[ID]")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every parked key.")] = False,
    reason_filter: OnlyReason = None,
    event_type: OnlyType = None,
    only_service: OnlyService = None,
    operator: OperatorOption = "unnamed",
    dry_run: DryRun = False,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Run a key's events again, in order, up to the first that fails; exit 1 if any failed."""
    from local_runtime import dead_letters as parked
    from local_runtime.service_calls import Calls

    output = Output(as_json=as_json)
    if everything == (parked_id is not None) or everything == (service is not None):
        raise output.fail("name SERVICE and ID, or give --all", code=2)
    filters = (reason_filter, event_type, only_service)
    if not everything and any(one is not None for one in filters):
        raise output.fail("--reason-filter, --type and --service go with --all", code=2)

    async def act(calls: Calls) -> tuple[list[parked.Redriven], dict[str, str]]:
        if service is None or parked_id is None:
            wanted = parked.Wanted(reason_filter, event_type)
            found = await parked.list_parked(calls, wanted)
        else:
            found = parked.Listing([await parked.find(calls, service, parked_id)], {})
        tell = status.update
        results = await parked.redrive(calls, found.letters, dry_run=dry_run, tell=tell)
        return results, found.unanswered

    signed = signature(operator, output)
    addresses = running_services(run_dir, output, service or only_service)
    with output.console.status("Looking …") as status:
        results, unanswered = ask(addresses, output, act, signed)
    told = [asdict(one) for one in results]
    output.document({"dry_run": dry_run, "redriven": told, "unanswered": unanswered})
    output.console.print(text.redriven(results, dry_run=dry_run), markup=False)
    _end(output, unanswered, failed=any(one.failed is not None for one in results))


@dead_letters.command()
def discard(
    service: Service,
    parked_id: ParkedId,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with the record of it.")],
    operator: OperatorOption = "unnamed",
    dry_run: DryRun = False,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Drop one record for ever and run what waited; exit 1 if that failed."""
    from local_runtime import dead_letters as parked

    output = Output(as_json=as_json)
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise output.fail(f"--reason: 1 to {REASON_CHARACTERS_MAX} characters", code=2)
    signed = signature(operator, output)
    addresses = running_services(run_dir, output, service)
    letter = ask(addresses, output, lambda calls: parked.find(calls, service, parked_id))
    if dry_run:
        output.document({"dry_run": True, "would_drop": letter})
        output.console.print(f"{text.details(letter)}\n{text.discardable(letter)}", markup=False)
        _end(output, {}, failed=not letter["first"])
        return
    result = ask(addresses, output, lambda calls: parked.discard(calls, letter, reason), signed)
    output.document({"dry_run": False, "discarded": letter, "behind": asdict(result)})
    output.console.print(text.discarded(result), markup=False)
    _end(output, {}, failed=result.failed is not None)


def _end(output: Output, unanswered: dict[str, str], *, failed: bool) -> None:
    for reason in unanswered.values():
        output.console.print(f"NOT LISTED: {reason}", markup=False)
    if unanswered or failed:
        raise typer.Exit(1)
