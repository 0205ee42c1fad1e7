"""Small pieces: what does not fit on a screen is not read, and what is not read is not right."""

from statistics import median

import pytest

from tests.architecture import rules
from tests.architecture.judge import uphold
from tests.architecture.source import modules, product

MEDIAN_LINES_MAX = 10


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (rules.long_functions, "A function longer than a screen hides a second one."),
        (rules.long_files, "A file of more than 300 lines has two subjects."),
        (rules.wide_lines, "100 columns stand side by side in a review."),
        (rules.deep_functions, "Five blocks deep nobody knows which conditions hold."),
        (rules.many_parameters, "Seven arguments are a record that has no name yet."),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_pieces_are_small(rule: rules.Rule, reason: str) -> None:
    uphold(rule, modules(), reason)


def test_the_usual_function_is_short() -> None:
    sizes = [rules.lines_of(function) for one in product() for _, function in one.functions()]

    assert median(sizes) <= MEDIAN_LINES_MAX
