"""What the tests of the local runtime share."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from local_runtime.ports import PortBook
from local_runtime.processes import Command
from local_runtime.programs import Program

STAND_IN = (sys.executable, str(Path(__file__).with_name("stand_in.py")))
MakeProgram = Callable[[Mapping[str, str]], Program]


@pytest.fixture
def make_program(tmp_path: Path) -> MakeProgram:
    """Makes a stand-in process with the given variables."""

    def make(environment: Mapping[str, str]) -> Program:
        port = PortBook(fixed=False).take(0)
        env = {**os.environ, **environment}
        command = Command([*STAND_IN, str(port)], tmp_path / "orders-0.log", env)
        return Program("orders-0", "orders", port, command)

    return make


@pytest.fixture
def stand_in() -> tuple[str, str]:
    """The command line of a stand-in, without its port."""
    return STAND_IN
