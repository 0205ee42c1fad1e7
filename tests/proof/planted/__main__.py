"""``python -m tests.proof.planted``: bring back bugs one at a time and see that each is caught."""

import argparse
import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from tests.proof.planted.catalogue import Planted, catalogue, draw, named
from tests.proof.planted.run import Broken, Caught, Missed, Verdict, run

DRAWN = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """0 only when every bug that was planted was caught."""
    # Ended from outside, it still stops the servers and removes the copy.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    asked = _parser().parse_args(arguments)
    known = catalogue()
    if asked.list:
        print("\n".join(f"{one.number:02} {one.name}: {one.bug}" for one in known))
        return 0
    chosen = _chosen(known, asked)
    # Progress on stderr keeps the JSON on stdout by itself.
    verdicts = run(chosen, partial(print, file=sys.stderr, flush=True), asked.seed)
    left_out = [one.name for one in known if one not in chosen]
    if asked.json:
        print(json.dumps(as_json(verdicts, left_out, asked.seed), indent=2))
    else:
        print(as_table(verdicts, left_out))
    return 0 if verdicts and all(isinstance(one, Caught) for one in verdicts) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.planted", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="plant every bug")
    which.add_argument("--only", metavar="NAME", nargs="+", help="plant these, by name or number")
    which.add_argument("--draw", metavar="N", type=int, default=DRAWN, help="plant N by the seed")
    which.add_argument("--list", action="store_true", help="list the bugs and plant none")
    parser.add_argument("--seed", type=int, default=0, help="of the draw and of generated examples")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    return parser


def _chosen(known: Sequence[Planted], asked: argparse.Namespace) -> list[Planted]:
    if asked.all:
        return list(known)
    if asked.only is None:
        return draw(known, asked.seed, asked.draw)
    try:
        return named(known, asked.only)
    except KeyError as unknown:
        sys.exit(f"no planted bug is called {unknown}; --list names them")


def as_table(verdicts: Sequence[Verdict], left_out: Sequence[str]) -> str:
    """One line for each bug, the counts, and what was not run."""
    width = max((len(one.planted.name) for one in verdicts), default=0)
    lines = [f"{one.planted.name:<{width}}  {_row(one)}" for one in verdicts]
    counts = Counter(type(one).__name__.lower() for one in verdicts)
    total = ", ".join(f"{counts[kind]} {kind}" for kind in ("caught", "missed", "broken"))
    skipped = f"Not planted: {', '.join(left_out)}" if left_out else "Every bug was planted."
    return "\n".join(["", *lines, "", f"{len(verdicts)} planted: {total}.", skipped])


def _row(verdict: Verdict) -> str:
    match verdict:
        case Caught(test=test, seconds=seconds):
            return f"caught  {seconds:5.1f} s  {test.removeprefix('tests/')}"
        case Missed(seconds=seconds, planted=planted):
            return f"MISSED  {seconds:5.1f} s  {', '.join(planted.checks)}"
        case Broken(why=why):
            return f"BROKEN           {why.splitlines()[0]}"


def as_json(verdicts: Sequence[Verdict], left_out: Sequence[str], seed: int) -> dict[str, Any]:
    """What the table says, for programs."""
    return {
        "seed": seed,
        "planted": [_entry(one) for one in verdicts],
        "caught": sum(isinstance(one, Caught) for one in verdicts),
        "not_planted": list(left_out),
    }


def _entry(verdict: Verdict) -> dict[str, Any]:
    about = verdict.planted
    entry = {
        "name": about.name,
        "bug": about.bug,
        "source": about.source,
        "verdict": type(verdict).__name__.lower(),
    }
    match verdict:
        case Caught(test=test, why=why, seconds=seconds):
            return entry | {"caught_by": test, "why": why, "seconds": seconds}
        case Missed(seconds=seconds):
            return entry | {"checks": list(about.checks), "seconds": seconds}
        case Broken(why=why):
            return entry | {"why": why}


if __name__ == "__main__":
    sys.exit(main())
