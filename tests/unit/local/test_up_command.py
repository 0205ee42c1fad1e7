"""What ``orderproof up`` passes on to the stack that it starts."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from local_runtime import daemon
from local_runtime.cli import build
from local_runtime.commands import up
from local_runtime.config import StackConfig
from local_runtime.paths import RunDir
from local_runtime.runtimes.choice import RuntimeName
from typer.testing import CliRunner


@pytest.mark.parametrize(("options", "asked"), [([], False), (["--partner-kafka"], True)])
def test_partners_are_let_in_only_when_asked_for(
    options: list[str], asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[StackConfig] = []
    monkeypatch.setattr(up, "refuse_what_cannot_start", lambda *_: None)
    monkeypatch.setattr(up, "_up_here", lambda config, *_: given.append(config))

    CliRunner().invoke(build(), ["up", "--run-dir", str(tmp_path), *options])

    assert [one.partner_listener for one in given] == [asked]


@pytest.mark.parametrize("asked", [False, True])
def test_a_detached_stack_is_the_one_that_was_asked_for(
    asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    given: list[StackConfig] = []
    monkeypatch.setattr(subprocess, "Popen", lambda argv, **_: started.append(argv))
    monkeypatch.setattr(daemon, "Session", _remembers(given))
    config = StackConfig(run_dir=tmp_path, instances=2, partner_listener=asked)

    daemon._spawn(config, RuntimeName.EMBEDDED, RunDir.at(tmp_path))
    ((_, _, *argv),) = started
    monkeypatch.setattr(sys, "argv", argv)
    daemon.main()

    assert [(one.instances, one.partner_listener) for one in given] == [(2, asked)]


def test_where_partners_reach_kafka_is_shown_when_they_can() -> None:
    door = {"partner_kafka": {"bootstrap": "127.0.0.1:29094", "ca_file": "ca.pem"}}

    shown = [list(up.address_table(one).columns[0].cells) for one in ({}, door)]

    assert [("kafka for partners" in one) for one in shown] == [False, True]


def _remembers(given: list[StackConfig]) -> Callable[..., Any]:
    class Remembered:
        reason = ""

        def __init__(self, config: StackConfig, _: object) -> None:
            given.append(config)

        async def run(self, _: object) -> int:
            return 0

    return Remembered
