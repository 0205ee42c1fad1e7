"""``orderproof audit``: every service's promises, checked now against its tables."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption
from local_runtime.commands.running import ask, running_services
from local_runtime.demo_screen import columns
from local_runtime.paths import DEFAULT_RUN_DIR

if TYPE_CHECKING:
    from local_runtime.service_calls import Calls, Json

IDS_MAX = 20


def audit(run_dir: RunDirOption = DEFAULT_RUN_DIR, *, as_json: JsonOption = False) -> None:
    """Check every service's invariants; exit 0 only if all answered and all hold."""
    output = Output(as_json=as_json)
    answers = ask(running_services(run_dir, output), output, _ask_all)
    holds = all(answer.get("holds", False) for answer in answers.values())
    output.document({"holds": holds, "services": answers})
    output.console.print(columns(_rows(answers)), markup=False)
    output.console.print("Every promise holds" if holds else "NOT every promise holds")
    if not holds:
        raise typer.Exit(1)


async def _ask_all(calls: "Calls") -> dict[str, "Json"]:
    answers = await asyncio.gather(*(_invariants(calls, name) for name in calls.addresses))
    return dict(zip(calls.addresses, answers, strict=True))


async def _invariants(calls: "Calls", service: str) -> "Json":
    from local_runtime.service_calls import CallError

    try:
        return await calls.get(service, "/ops/invariants")
    except CallError as error:
        return {"holds": False, "invariants": [], "error": str(error)}


def _rows(answers: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("service", "invariant", "holds")]
    for service, answer in answers.items():
        if "error" in answer:
            rows.append((service, answer["error"], "NOT CHECKED"))
        rows += [
            (service, one["sentence"], _verdict(one["broken"])) for one in answer["invariants"]
        ]
    return rows


def _verdict(broken: list[str]) -> str:
    if not broken:
        return "yes"
    more = " and maybe more" if len(broken) >= IDS_MAX else ""
    return f"NO: {', '.join(broken)}{more}"
