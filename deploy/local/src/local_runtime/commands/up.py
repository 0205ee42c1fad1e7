"""``orderproof up``: start everything and keep it alive."""

import asyncio
import os
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from local_runtime.commands.options import JsonOption, Output, RunDirOption, RuntimeOption
from local_runtime.config import WITH_CONSOLE, StackConfig
from local_runtime.doctor import blocking, preflight
from local_runtime.endpoints import read_json
from local_runtime.paths import DEFAULT_RUN_DIR, RunDir
from local_runtime.runtimes.choice import Choice, choose


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is ready.")] = False,
    instances: Annotated[int, typer.Option(min=1, max=16, help="Of every service.")] = 1,
    partner_kafka: Annotated[
        bool, typer.Option("--partner-kafka", help="Let partners in to Kafka: TLS, SCRAM, ACLs.")
    ] = False,
    runtime: RuntimeOption = None,
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Start Kafka, PostgreSQL, the simulators and every service; Ctrl-C stops them."""
    output = Output(as_json=as_json)
    config = StackConfig(
        run_dir=run_dir,
        instances=instances,
        services=WITH_CONSOLE,
        partner_listener=partner_kafka,
    )
    refuse_what_cannot_start(RunDir.at(run_dir), output)
    choice = choose(runtime, os.environ)
    output.console.print(str(choice))
    (_up_detached if detach else _up_here)(config, choice, output)


def refuse_what_cannot_start(run_dir: RunDir, output: Output) -> None:
    """End the command when the machine lacks something, naming what mends it."""
    found = blocking(preflight(run_dir))
    if found:
        lines = [f"{each.subject}: {each.detail}; mend it with: {each.remedy}" for each in found]
        raise output.fail("\n".join(lines))


def _up_detached(config: StackConfig, choice: Choice, output: Output) -> None:
    from local_runtime.daemon import start_detached
    from local_runtime.session import reason_of

    try:
        with output.console.status("Starting …"):
            state = asyncio.run(start_detached(config, choice.name))
    except Exception as error:
        raise output.fail(reason_of(error)) from error
    if state.get("phase") != "ready":
        raise output.fail(state.get("reason") or "the supervisor ended while it started")
    show(RunDir.at(config.run_dir), state, output)
    output.console.print("Stop with: orderproof down")


def _up_here(config: StackConfig, choice: Choice, output: Output) -> None:
    from local_runtime.run_lock import live_state
    from local_runtime.session import Session, reason_of

    run_dir = RunDir.at(config.run_dir)

    def announce(_: object) -> None:
        show(run_dir, live_state(run_dir) or {}, output)
        output.console.print("Stop with: Ctrl-C")

    try:
        session = Session(config, choice)
        code = asyncio.run(session.run(announce))
    except Exception as error:
        raise output.fail(reason_of(error)) from error
    if code:
        raise output.fail(session.reason, code)


def show(run_dir: RunDir, state: Mapping[str, Any], output: Output) -> None:
    """The addresses, the seconds of every stage and where the state is kept."""
    endpoints = read_json(run_dir.endpoints) or {}
    output.document({**state, "run_dir": str(run_dir.root), "endpoints": endpoints})
    output.console.print(address_table(endpoints))
    for difference in state.get("differences", ()):
        output.console.print(f"Topic differs: {difference}", markup=False)
    stages = "  ".join(f"{name} {took_s:g} s" for name, took_s in state.get("stages", {}).items())
    output.console.print(f"Stages: {stages}", markup=False)
    kept = f"Persistence: {run_dir.root.name}/ (kept; make clean removes)"
    output.console.print(kept, markup=False)


def address_table(endpoints: Mapping[str, Any]) -> Table:
    """What to open, and with what."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, address in endpoints.items():
        if isinstance(address, str):
            table.add_row(name, address)
    if "partner_kafka" in endpoints:
        table.add_row("kafka for partners", endpoints["partner_kafka"]["bootstrap"])
    mail = endpoints.get("mail", {})
    table.add_row("mailbox", mail.get("messages", ""))
    for name, dsn in endpoints.get("databases", {}).items():
        table.add_row(f"database {name}", dsn)
    return table
