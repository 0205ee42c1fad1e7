"""``orderproof replay``: a UCI Online Retail CSV as real orders against the running system."""

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from local_runtime.commands.options import JsonOption, Output, RunDirOption, existing
from local_runtime.commands.running import running_endpoints
from local_runtime.paths import DEFAULT_RUN_DIR
from local_runtime.retail.job import Job, Via

if TYPE_CHECKING:
    from local_runtime.retail.replay import Told

File = Annotated[Path, typer.Argument(help="Online Retail or Online Retail II, as CSV.")]
ViaOption = Annotated[Via, typer.Option(help="How orders are submitted.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Place at most so many orders.")]
Rate = Annotated[float | None, typer.Option(min=0.01, help="Orders a second, at most.")]
Token = Annotated[str, typer.Option(help="The provider's token that pays every order.")]
Prefix = Annotated[str, typer.Option("--prefix", help="Put before every topic's name.")]


def replay(
    file: File,
    *,
    via: ViaOption = Via.HTTP,
    limit: Limit = None,
    rate: Rate = None,
    payment_token: Token = "tok_ok",  # noqa: S107
    prefix: Prefix = "",
    run_dir: RunDirOption = DEFAULT_RUN_DIR,
    as_json: JsonOption = False,
) -> None:
    """Place every sale invoice as an order, once however often it is run.

    Exit 0 only if every clean invoice is an order of its total and the books agree.
    """
    output = Output(as_json=as_json)
    if not file.is_file():
        raise output.fail(f"{file}: no such file", code=2)
    if not (payment_token.isascii() and payment_token.isprintable() and payment_token.strip()):
        raise output.fail("--payment-token: printable ASCII characters only", code=2)
    job = Job(file, via, payment_token, limit, rate, prefix)
    told = _replay(job, run_dir, output)
    output.document(told)
    output.console.print(_summary(told), markup=False)
    if not told["complete"]:
        raise typer.Exit(1)


def _replay(job: Job, run_dir: Path, output: Output) -> "Told":
    from local_runtime.retail.account import listed
    from local_runtime.retail.replay import carry_out, look_over
    from local_runtime.retail.rows import NotRetailError
    from local_runtime.retail.screen import progress
    from local_runtime.session import reason_of

    endpoints = running_endpoints(run_dir, output)
    report = existing(run_dir).root / "replay" / f"{job.file.stem}-{job.via}.jsonl"
    try:
        found = look_over(job)
        bar = partial(progress, output.console)
        told = asyncio.run(carry_out(job, found, endpoints, report, bar))
    except NotRetailError as error:
        raise output.fail(f"{job.file}: {error}", code=2) from error
    except Exception as error:
        raise output.fail(reason_of(error)) from error
    return {**told, "listed": list(listed(report))} if output.as_json else told


def _summary(told: "Told") -> str:
    from local_runtime.retail.screen import summary

    return summary(told)
