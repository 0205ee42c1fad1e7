"""A newcomer finds the way: opening lines, tables first, handlers named by their effect."""

import re

import pytest

from tests.architecture import rules
from tests.architecture.judge import uphold
from tests.architecture.source import ROOT, SERVICES, Module, files, modules

HANDLER_FILES = [
    one
    for one in modules()
    if "/handlers/" in one.path and one.name != "__init__.py"
    if one.is_product
]
APPS = [one for one in modules() if one.path in {f"services/{s}/src/{s}/app.py" for s in SERVICES}]
DEBT = re.compile(r"\b(TODO|FIXME)\b(?!\s*\(?(#\d+|https?://))")


def test_each_module_opens_with_a_line_that_says_what_lives_there() -> None:
    named = [one for one in modules() if one.text or one.name != "__init__.py"]
    reason = "The first line of a file answers whether to read on."

    uphold(rules.no_opening_line, named, reason)


@pytest.mark.parametrize("module", HANDLER_FILES, ids=lambda one: one.path)
def test_a_handler_states_cause_and_effect(module: Module) -> None:
    reason = "One reaction, one file, named by its effect: the folder is the table of contents."

    uphold(rules.vague_handlers, [module], reason)


@pytest.mark.parametrize("module", APPS, ids=lambda one: one.path)
def test_an_app_opens_with_the_table_of_events_and_handlers(module: Module) -> None:
    reason = "Which event wakes which handler is the first thing to know of a service."

    uphold(rules.table_is_not_first, [module], reason)


def test_no_debt_without_a_reference() -> None:
    """A note that nobody tracks is never paid back."""
    texts = [one for one in files() if one.endswith((".py", ".sql", ".toml", ".md", "Makefile"))]
    found = [
        f"{name}:{number}"
        for name in texts
        if name != "tests/architecture/test_reading.py"
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1)
        if DEBT.search(line)
    ]

    assert found == []
