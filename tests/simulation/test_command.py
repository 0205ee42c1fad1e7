"""The commands of the page, run as they stand there, with fewer seeds."""

import json
import shlex
import subprocess
import sys

import pytest

from tests.support.documented import ROOT, commands

SEEDS_MAX = 20
SHOWN = [
    one.text
    for one in commands(["tests/simulation/README.md"])
    if " -m tests.simulation --" in one.text and "--postgresql" not in one.text
]


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_of_the_page_does_what_it_says(command: str) -> None:
    words = [sys.executable, *shlex.split(command)[1:]]
    if "--seeds" in words:
        words[words.index("--seeds") + 1] = str(SEEDS_MAX)

    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr
    seeds = SEEDS_MAX if "--seeds" in words else 1
    if "--json" in words:
        assert json.loads(ended.stdout)["seeds"] == seeds
    else:
        assert f"{seeds}/{seeds} seeds" in ended.stderr


def test_the_page_shows_commands() -> None:
    assert SHOWN
