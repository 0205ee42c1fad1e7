"""A replay as a person sees it: its progress, then what became of the file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from local_runtime.demo_screen import columns
from local_runtime.retail.placing import Advance

PLAIN_LINES = 10
SHOWN_MAX = 10


@contextmanager
def progress(console: Console, invoices: int) -> Iterator[Advance]:
    """A bar on a terminal, else a line for each tenth of the invoices."""
    if not console.is_terminal:
        yield _plain(console, invoices)
        return
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*parts, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task("Sale invoices", total=invoices)
        yield lambda: bar.advance(task)


def _plain(console: Console, invoices: int) -> Advance:
    done = 0

    def advance() -> None:
        nonlocal done
        before, done = done, done + 1
        if done * PLAIN_LINES // max(invoices, 1) > before * PLAIN_LINES // max(invoices, 1):
            console.print(f"{done} of {invoices} sale invoices")

    return advance


def summary(told: Mapping[str, Any]) -> str:
    """The document that ``--json`` prints, in words."""
    money, stock, returns = told["money"], told["stock"], told["returns"]
    lines = [
        f"{told['orders']} orders of {told['lines']} lines and {told['units']} units,"
        f" {told['total_minor']} pence, in {told['seconds']:g} s ({told['orders_per_s']:g}/s)",
        _counts(told["outcomes"]),
        f"Captured in the provider's own book: {money['captured_minor']} pence;"
        f" refunded: {money['refunded_minor']}",
        f"Stock of {stock['skus']} SKUs: {stock['on_hand']} on hand, {stock['reserved']} reserved,"
        f" {stock['available']} available",
        f"Lines left out: {sum(told['left_out'].values())}",
        _counts(told["left_out"]),
        f"Sale invoices without a line of goods: {told['invoices_without_goods']}",
        f"Cancellations: {told['cancellations']}; returns to come:"
        f" {returns['matched_quantity']} units, {returns['matched_minor']} pence matched;"
        f" {returns['unmatched_quantity']} units, {returns['unmatched_minor']} pence not",
        f"Rows that cannot be read: {told['bad_rows']};"
        f" sale invoices not placed: {told['invoices_not_placed']}",
        *(f"Country without a code, sent as ZZ: {name}" for name in told["unknown_countries"]),
        _problems(told["problems"]),
        f"In full: {told['report']}",
        "Every clean invoice is an order of its total, and the books agree"
        if told["complete"]
        else "NOT every clean invoice is an order of its total, or the books do not agree",
    ]
    return "\n".join(line for line in lines if line)


def _counts(counts: Mapping[str, int]) -> str:
    return columns([(str(number), name) for name, number in counts.items()]) if counts else ""


def _problems(problems: Mapping[str, int]) -> str:
    shown = [f"PROBLEM, {number} times: {name}" for name, number in problems.items()]
    more = len(shown) - SHOWN_MAX
    return "\n".join([*shown[:SHOWN_MAX], *([f"and {more} more problems"] if more > 0 else [])])
