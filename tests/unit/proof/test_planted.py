"""Every planted bug still fits the code, says what it is, and names a check that exists."""

import ast
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.proof.planted.__main__ import as_json, as_table
from tests.proof.planted.catalogue import BadPatch, Planted, catalogue, draw, named, read
from tests.proof.planted.check import Failure, Result
from tests.proof.planted.run import Broken, Caught, Missed, Verdict, told
from tests.proof.planted.tree import REPOSITORY, SOURCES, DoesNotApply, Tree, git_apply
from tests.proof.planted.where import PACKAGES, TREE_VARIABLE

PLANTED = catalogue()
BUGS_MIN = 25
SERVICES = REPOSITORY / "services"
DIFF = (
    "\ndiff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-safe = True\n+safe = False\n"
)
HEADER = "bug: it is not safe\nsource: somewhere#1\ncheck: tests/unit/test_a.py::test_safe\n"


def functions_in(file: Path) -> set[str]:
    nodes = ast.walk(ast.parse(file.read_text()))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in nodes if isinstance(node, kinds)}


def test_there_are_enough_bugs_and_no_two_are_one() -> None:
    assert len(PLANTED) >= BUGS_MIN
    for twice in (one.number for one in PLANTED), (one.name for one in PLANTED):
        assert max(Counter(twice).values()) == 1
    diffs = [one.patch.read_text().partition("\ndiff --git ")[2] for one in PLANTED]
    assert len(set(diffs)) == len(diffs)


def test_the_copy_has_every_package_of_the_workspace() -> None:
    """One that it lacks is missed by the first test that imports it, and no bug is caught."""
    members = ("shared", "deploy/local", *(f"services/{one.name}" for one in SERVICES.iterdir()))

    assert sorted(SOURCES) == sorted(f"{member}/src" for member in members)
    assert set(PACKAGES) == {"shared", "local_runtime", *(one.name for one in SERVICES.iterdir())}


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.name)
def test_a_bug_fits_the_code_as_it_is(planted: Planted) -> None:
    git_apply(REPOSITORY, planted.patch, "--check")


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.name)
def test_a_bug_is_planted_in_what_runs_and_not_in_what_checks(planted: Planted) -> None:
    touched = [line[6:] for line in planted.patch.read_text().splitlines() if line[:4] == "+++ "]

    assert touched
    assert all(one.startswith(SOURCES) for one in touched)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: one.name)
def test_a_check_exists(planted: Planted) -> None:
    for check in planted.checks:
        file, _, test = check.partition("::")
        assert (REPOSITORY / file).is_file()
        assert not test or test in functions_in(REPOSITORY / file)


def test_a_patch_that_the_code_has_left_behind_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("safe = True\n")
    patch = tmp_path / "01-unsafe.patch"
    patch.write_text(HEADER + DIFF)
    tree = Tree(tmp_path)

    tree.apply(patch)
    assert (tmp_path / "a.py").read_text() == "safe = False\n"
    tree.revert(patch)
    (tmp_path / "a.py").write_text("safe = 'always'\n")
    with pytest.raises(DoesNotApply, match=r"a\.py"):
        tree.apply(patch)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unsafe.patch", HEADER + DIFF),
        ("01-unsafe.patch", HEADER),
        ("01-unsafe.patch", DIFF),
        ("01-unsafe.patch", HEADER + HEADER + DIFF),
        ("01-unsafe.patch", HEADER + "author: nobody\n" + DIFF),
        ("01-unsafe.patch", HEADER.replace("check: ", "bug: ") + DIFF),
    ],
)
def test_a_patch_that_does_not_say_what_it_is_is_refused(
    tmp_path: Path, name: str, text: str
) -> None:
    patch = tmp_path / name
    patch.write_text(text)

    with pytest.raises(BadPatch, match=name):
        read(patch)


def test_they_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in ("100", "02", "99"):
        (tmp_path / f"{number}-unsafe.patch").write_text(HEADER + DIFF)

    assert [one.number for one in catalogue(tmp_path)] == [2, 99, 100]


def test_a_draw_is_the_same_for_the_same_seed() -> None:
    assert draw(PLANTED, 7, 5) == draw(PLANTED, 7, 5)
    assert len({one.name for one in draw(PLANTED, 7, 5)}) == 5
    assert draw(PLANTED, 7, 5) != draw(PLANTED, 8, 5)
    assert sorted(one.name for one in draw(PLANTED, 1, 10**6)) == sorted(
        one.name for one in PLANTED
    )


def test_a_bug_is_found_by_name_and_by_number() -> None:
    assert named(PLANTED, [PLANTED[0].name, "02"]) == PLANTED[:2]
    with pytest.raises(KeyError):
        named(PLANTED, ["no-such-bug"])


@pytest.mark.parametrize(
    ("code", "why", "red"),
    [
        (1, "AssertionError: assert 2 == 1", True),
        (1, "NameError: name 'x' is not defined", False),
        (1, None, False),
        (2, None, False),
        (0, None, False),
        (97, None, False),
        (None, "AssertionError", False),
    ],
)
def test_only_a_failed_test_is_a_catch(code: int | None, why: str | None, red: bool) -> None:
    failures = (Failure("test_a.py::test_safe", why),) if why else ()

    assert Result(code, failures, 1.0, "").red is red


def test_the_report_names_what_caught_what_and_what_was_not_run() -> None:
    one = PLANTED[0]
    two, three = replace(one, name="two"), replace(one, name="three")
    caught = Caught(one, "tests/unit/test_a.py::test_safe", "AssertionError", 1.5)
    verdicts: list[Verdict] = [
        caught,
        Missed(two, 2.0),
        Broken(three, "does not apply: a.py:1\nmore"),
    ]

    table, report = as_table(verdicts, ["four"]), as_json(verdicts, ["four"], 7)

    assert "3 planted: 1 caught, 1 missed, 1 broken." in table
    assert "unit/test_a.py::test_safe" in table
    assert "Not planted: four" in table
    assert [entry["verdict"] for entry in report["planted"]] == ["caught", "missed", "broken"]
    assert (report["seed"], report["caught"], report["not_planted"]) == (7, 1, ["four"])
    assert [told(one).split()[0] for one in verdicts] == ["caught", "MISSED", "BROKEN:"]


def test_code_from_elsewhere_is_noticed(tmp_path: Path) -> None:
    look = "from tests.proof.planted.where import outside; print(*outside(), sep='\\n')"
    found = subprocess.run(
        [sys.executable, "-c", look],
        cwd=REPOSITORY,
        env={**os.environ, TREE_VARIABLE: str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert [line.split()[0] for line in found.stdout.splitlines()] == [*PACKAGES, "tests"]
