"""``orderproof prove`` becomes the suite, with the options it was given."""

import os
import sys
from pathlib import Path

import pytest
from local_runtime.cli import build
from local_runtime.paths import repository_root
from typer.testing import CliRunner


def test_the_suite_takes_the_place_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str], Path]] = []
    monkeypatch.setattr(os, "execv", lambda file, argv: ran.append((file, argv, Path.cwd())))
    monkeypatch.chdir(Path.home())

    CliRunner().invoke(build(), ["prove", "--seed", "0", "--only", "F20,F12", "--full", "--json"])

    argv = [sys.executable, "-m", "tests.proof", "--seed=0", "--only=F20,F12", "--full", "--json"]
    assert ran == [(sys.executable, argv, repository_root())]


def test_without_options_none_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, argv: ran.append(argv))
    monkeypatch.chdir(Path.home())

    CliRunner().invoke(build(), ["prove"])

    assert ran == [[sys.executable, "-m", "tests.proof"]]
