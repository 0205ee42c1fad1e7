"""The tables of docs/proof.md: the faults and races of a run, and the bugs that are planted."""

from tests.proof.catalogue import CATALOGUE, FAULTS
from tests.proof.planted.catalogue import catalogue
from tests.proof.races.catalogue import RACES
from tests.tools.blocks import table

ARENAS = {
    "one": "one of each",
    "two": "two of each",
    "cluster": "one of each, three brokers",
    "races": "two of each",
    "deadlines": "two of each, 3 s to decide an order",
}


def faults() -> str:
    """Each fault of the catalogue, and the runs that show it."""
    rows = []
    for family, what in CATALOGUE.items():
        runs = [one for one in FAULTS if one.family == family]
        shown = "; ".join(f"`{one.id}` {one.title}" for one in runs) or "not yet"
        arenas = ", ".join(dict.fromkeys(ARENAS[one.arena] for one in runs))
        rows.append((family, what, shown, arenas))
    return table(("id", "fault", "runs that show it", "services"), rows)


def races() -> str:
    """Each race, who must win some of its pairs, and what it looks at beside the judges."""
    rows = [
        (f"`{one.id}`", one.title, " ⇄ ".join(one.sides), one.checked, ARENAS[one.arena])
        for one in RACES
    ]
    return table(("id", "race", "sides that win some", "looked at beside", "services"), rows)


def planted() -> str:
    """Each bug, where it was seen, and the check that must fail."""
    rows = [
        (one.name, one.bug, one.source, "<br>".join(f"`{_short(check)}`" for check in one.checks))
        for one in catalogue()
    ]
    return table(("patch", "bug", "seen", "caught by"), rows)


def _short(check: str) -> str:
    file, _, test = check.partition("::")
    return f"{file.rpartition('/')[2]}::{test}" if test else file.rpartition("/")[2]


BLOCKS = {"faults": faults, "races": races, "planted": planted}
