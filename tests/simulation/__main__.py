"""``python -m tests.simulation``: play seeds, show how far it is, and what was found."""

import argparse
import asyncio
import sys
from functools import partial

from tests.simulation.report import Report, as_text
from tests.simulation.run import simulate, simulate_on_postgresql

SEEDS, SEEDS_SLOW = 10_000, 50


def main() -> int:
    """Exit status 0 when nothing was wrong and, of 10,000 seeds or more, no cell was missed."""
    asked = _arguments()
    seeds = _seeds(asked)
    show = partial(_show, seeds=len(seeds))
    if asked.postgresql:
        report = asyncio.run(simulate_on_postgresql(seeds, show))
    else:
        report = simulate(seeds, 1 if len(seeds) == 1 else asked.processes, show)
    print(file=sys.stderr)
    print(report.as_json() if asked.json else as_text(report))
    if asked.seed is not None and report.failures and not asked.json:
        print("\n".join(report.failures[0].history))
    for cell in report.surprises:
        print(f"hit, but listed as impossible: {' '.join(cell)}", file=sys.stderr)
    missed = report.missed if len(seeds) >= SEEDS else []
    for cell in missed:
        print(f"not hit: {' '.join(cell)}", file=sys.stderr)
    return int(bool(report.failures or report.surprises or missed))


def _seeds(asked: argparse.Namespace) -> range:
    if asked.seed is not None:
        return range(asked.seed, asked.seed + 1)
    count = asked.seeds or (SEEDS_SLOW if asked.postgresql else SEEDS)
    return range(asked.first, asked.first + count)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, help="how many seeds")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this seed alone, with its history when wrong")
    parser.add_argument("--processes", type=int, default=2, help="how many at a time")
    parser.add_argument(
        "--postgresql",
        action="store_true",
        help="on a PostgreSQL of its own, and the history must be that of memory",
    )
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    return parser.parse_args()


def _show(report: Report, seeds: int) -> None:
    text = f"\r{report.seeds}/{seeds} seeds, {report.deliveries} deliveries, {report.seconds:.0f} s"
    print(f"{text}, {len(report.failures)} wrong", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
