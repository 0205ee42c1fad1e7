"""A runbook is followed by a test: one that nobody has followed is wrong when it is needed."""

import ast

import pytest

from tests.architecture.source import ROOT
from tests.support.runbooks import FOLDER, TESTED_BY


def test_every_runbook_is_followed_by_a_test_of_its_own() -> None:
    """Add it to ``TESTED_BY`` with a test that breaks the system that way, and sees it heal."""
    pages = {page.stem for page in FOLDER.glob("*.md")} - {"README"}

    assert set(TESTED_BY) == pages
    assert len(set(TESTED_BY.values())) == len(TESTED_BY)


@pytest.mark.parametrize(("runbook", "test"), TESTED_BY.items())
def test_what_follows_a_runbook_is_there_and_asks_for_its_page_and_the_alarms(
    runbook: str, test: str
) -> None:
    """The page is what fails when one of its steps was left out."""
    path, _, name = test.partition("::")
    functions = {
        one.name: {argument.arg for argument in one.args.args}
        for one in ast.parse((ROOT / path).read_text("utf-8")).body
        if isinstance(one, ast.AsyncFunctionDef)
    }

    assert {"page", "alarms"} <= functions.get(name, set()), runbook
