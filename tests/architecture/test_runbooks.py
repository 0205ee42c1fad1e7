"""A runbook is followed by a test: one that nobody has followed is wrong when it is needed."""

import ast
import re

import pytest

from tests.architecture.source import ROOT, product
from tests.support.runbooks import CODE, FOLDER, TESTED_BY

WORD = re.compile(r"[a-z]+(-[a-z]+)+")


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


@pytest.mark.parametrize("runbook", TESTED_BY)
def test_a_word_to_look_for_is_one_that_a_program_of_ours_says(runbook: str) -> None:
    """Who looks for a line that is never written takes its absence for an answer."""
    said = "\n".join(module.text for module in product())
    words = filter(WORD.fullmatch, CODE.findall((FOLDER / f"{runbook}.md").read_text("utf-8")))

    assert [one for one in words if f'"{one}"' not in said] == []
