"""Effects have their places: SQL in the store, output in the log, nothing on import."""

from collections.abc import Callable

import pytest

from tests.architecture import rules
from tests.architecture.exceptions import EXCEPTIONS
from tests.architecture.judge import uphold
from tests.architecture.source import Module, modules, product

RULES: list[rules.Rule] = [
    rules.long_functions,
    rules.long_files,
    rules.wide_lines,
    rules.deep_functions,
    rules.many_parameters,
    rules.no_opening_line,
    rules.prints,
    rules.sleeps,
    rules.sql_strings,
    rules.acts_on_import,
    rules.impure,
    rules.vague_handlers,
    rules.table_is_not_first,
]


def services() -> list[Module]:
    return [one for one in product() if one.within("services")]


def outside_stores() -> list[Module]:
    """Invariants are queries too, and nothing but queries."""
    own = ("store.py", "invariants.py")
    return [one for one in services() if one.name not in own and "/store/" not in one.path]


def libraries() -> list[Module]:
    return [one for one in product() if one.within("services", "shared")]


def waits() -> list[Module]:
    return [one for one in modules() if one.within("tests") and not one.within("tests/support")]


def domains() -> list[Module]:
    return [one for one in services() if "/domain/" in one.path]


@pytest.mark.parametrize(
    ("rule", "places", "reason"),
    [
        (rules.prints, libraries, "What is printed has no time, level or trace: log it."),
        (rules.sleeps, waits, "A sleep is too short on a slow day and too long on others: poll."),
        (rules.sql_strings, outside_stores, "Locks are ordered by hand, so SQL stands together."),
        (rules.acts_on_import, product, "An import that connects or reads cannot be tested."),
        (rules.impure, domains, "A rule of the business gives one answer, wherever it is asked."),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_effects_stay_in_their_places(
    rule: rules.Rule, places: Callable[[], list[Module]], reason: str
) -> None:
    uphold(rule, places(), reason)


@pytest.mark.parametrize("rule_and_place", EXCEPTIONS, ids="::".join)
def test_an_exception_is_still_needed(rule_and_place: tuple[str, str]) -> None:
    """The list only shrinks: what was mended must not be broken again unseen."""
    name, place = rule_and_place
    rule = next(one for one in RULES if one.__name__ == name)
    path = place.split("::")[0]

    found = [one.place for module in modules() if module.path == path for one in rule(module)]

    assert place in found, f"{place} keeps {name} now; take it off the list"
    assert EXCEPTIONS[rule_and_place].endswith(".")
