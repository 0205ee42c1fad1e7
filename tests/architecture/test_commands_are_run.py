"""A command in a page is run by a test: one that nobody runs is wrong some day, unnoticed."""

import re

import pytest

from tests.architecture.source import ROOT, files
from tests.support.documented import NOT_RUN, RUN_BY, Command, beginning, commands

SHOWN = list(commands(name for name in files() if name.endswith(".md")))


@pytest.mark.parametrize("command", SHOWN, ids=lambda one: f"{one.page}: {one.text[:60]}")
def test_a_command_of_a_page_is_run_by_a_test(command: Command) -> None:
    """Add the test that runs it to ``RUN_BY``, or to ``NOT_RUN`` why none can."""
    assert beginning(command.text), command


@pytest.mark.parametrize("test", sorted(set(RUN_BY.values())))
def test_what_runs_a_command_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("start", [*RUN_BY, *NOT_RUN])
def test_nothing_is_listed_that_no_page_shows(start: str) -> None:
    assert start in {beginning(one.text) for one in SHOWN}
