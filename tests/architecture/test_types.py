"""A forgotten case is an error before it is a bug."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

WHOLE = '''"""A union and its cases."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reserved:
    quantity: int


@dataclass(frozen=True)
class Shortage:
    missing: int


def told(answer: Reserved | Shortage) -> str:
    match answer:
        case Reserved(quantity):
            return f"held {quantity}"
        case Shortage(missing):
            return f"missing {missing}"
'''
DROPPED = WHOLE[: WHOLE.index("        case Shortage")] + '    return ""\n'


def check(file: Path) -> "subprocess.CompletedProcess[str]":
    cache = ROOT / ".mypy_cache" / "architecture"
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    return subprocess.run(
        [*command, "--cache-dir", str(cache), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_match_that_drops_a_case_fails_the_check(tmp_path: Path) -> None:
    """A new refusal reaches every place that must answer it."""
    whole, dropped = tmp_path / "whole.py", tmp_path / "dropped.py"
    whole.write_text(WHOLE)
    dropped.write_text(DROPPED)

    good, bad = check(whole), check(dropped)

    assert good.returncode == 0, good.stdout + good.stderr
    assert "exhaustive-match" in bad.stdout
