"""``orderproof audit``: what every service promises of itself, and what holds between them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption
from local_runtime.commands.running import ask, running_endpoints, running_services
from local_runtime.demo_screen import columns
from local_runtime.paths import DEFAULT_RUN_DIR

if TYPE_CHECKING:
    from local_runtime.audit.comparison import Outcome
    from local_runtime.service_calls import Calls, Json

IDS_MAX = 20

Grace = Annotated[
    float,
    typer.Option(
        "--grace-s", min=0, max=600, help="How long what is on its way may still be between."
    ),
]
Prefix = Annotated[str, typer.Option("--prefix", help="Put before every topic's name.")]


def audit(
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    *,
    grace_s: Grace = 20.0,
    prefix: Prefix = "",
    as_json: JsonOption = False,
) -> None:
    """Check every service's promises and what holds between them; exit 0 only if all hold."""
    output = Output(as_json=as_json)
    endpoints = running_endpoints(run_dir, output)

    async def all_of(calls: "Calls") -> "Json":
        return await audited(calls, endpoints, prefix, grace_s)

    told = ask(running_services(run_dir, output), output, all_of)
    output.document(told)
    output.console.print(columns(_rows(told)), markup=False)
    for one in _left_out(told):
        output.console.print(f"Not checked: {one}", markup=False)
    output.console.print("Every promise holds" if told["holds"] else "NOT every promise holds")
    if not told["holds"]:
        raise typer.Exit(1)


async def audited(
    calls: "Calls", endpoints: Mapping[str, Any], prefix: str, grace_s: float
) -> "Json":
    """The document that ``--json`` prints."""
    from local_runtime.audit.between import between

    answers, outcomes = await asyncio.gather(
        asyncio.gather(*(_invariants(calls, name) for name in calls.addresses)),
        between(endpoints, prefix, grace_s),
    )
    holds = all(one.get("holds", False) for one in answers) and all(one.holds for one in outcomes)
    return {
        "holds": holds,
        "services": dict(zip(calls.addresses, answers, strict=True)),
        "comparisons": [_described(one) for one in outcomes],
    }


async def _invariants(calls: "Calls", service: str) -> "Json":
    from local_runtime.service_calls import CallError

    try:
        return await calls.get(service, "/ops/invariants")
    except CallError as error:
        return {"holds": False, "invariants": [], "error": str(error)}


def _described(one: "Outcome") -> "Json":
    named = list(one.reading.wrong.items())[:IDS_MAX]
    return {
        "name": one.name,
        "sentence": one.sentence,
        "compared": one.reading.compared,
        "broken": [{"id": found, "why": why} for found, why in named],
        "violations": len(one.reading.wrong),
        "beyond": one.reading.beyond,
        "unchecked": one.unchecked,
        "took_s": round(one.took_s, 2),
    }


def _rows(told: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("service", "invariant", "holds")]
    for service, answer in told["services"].items():
        if "error" in answer:
            rows.append((service, answer["error"], "NOT CHECKED"))
        rows += [
            (service, one["sentence"], _verdict(one, one["broken"])) for one in answer["invariants"]
        ]
    for one in told["comparisons"]:
        named = [f"{found['id']}: {found['why']}" for found in one["broken"]]
        rows.append(("between", one["sentence"], _verdict(one, named)))
    return rows


def _verdict(one: Mapping[str, Any], named: Sequence[str]) -> str:
    if one.get("unchecked"):
        return f"NOT CHECKED: {one['unchecked']}"
    if not named:
        return "yes"
    more = max(one.get("violations", 0) - len(named), 0)
    told = f" and {more} more" if more else " and maybe more" if len(named) >= IDS_MAX else ""
    return f"NO: {', '.join(named)}{told}"


def _left_out(told: Mapping[str, Any]) -> list[str]:
    return [one["beyond"] for one in told["comparisons"] if one["beyond"]]
