"""One check in the copy: pytest in a process of its own, and what it found."""

import os
import signal
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.proof.planted.servers import Servers
from tests.proof.planted.tree import Tree

TIMEOUT_S = 150.0
TAIL_LINES = 15
# Only those: loading every installed one takes as long as a check.
PLUGINS = (
    "pytest_asyncio.plugin",
    "pytest_timeout",
    "_hypothesis_pytestplugin",
    "tests.proof.planted.inside",
)
# A patch that only breaks the program is no bug that a check could miss.
NO_BUG = ("NameError", "ImportError", "ModuleNotFoundError", "SyntaxError", "IndentationError")


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed while it ran, and the first line of why."""

    test: str
    why: str

    @property
    def is_broken_code(self) -> bool:
        return self.why.startswith(NO_BUG)


@dataclass(frozen=True, slots=True)
class Result:
    """``code`` is pytest's; ``None`` when it was ended for taking too long."""

    code: int | None
    failures: tuple[Failure, ...]
    seconds: float
    tail: str

    @property
    def green(self) -> bool:
        return self.code == 0

    @property
    def red(self) -> bool:
        """Tests ran and at least one failed; an error before or after them is not enough."""
        return self.code == 1 and any(not one.is_broken_code for one in self.failures)

    def __str__(self) -> str:
        ended = "took too long" if self.code is None else f"pytest ended with {self.code}"
        failed = [f"{one.test}: {one.why}" for one in self.failures]
        return "\n".join([ended, *(failed or [self.tail])])


def needs_servers(checks: Sequence[str]) -> bool:
    return any(one.startswith("tests/integration/") for one in checks)


def run_check(
    tree: Tree, checks: Sequence[str], servers: Servers, seed: int, timeout_s: float = TIMEOUT_S
) -> Result:
    """Run ``checks`` up to the first test that fails."""
    addresses = servers.fresh() if needs_servers(checks) else {}
    report = tree.root / ".report.xml"
    report.unlink(missing_ok=True)
    plugins = [f"-p{name}" for name in (*PLUGINS, "no:cacheprovider")]
    options = [*plugins, "-q", "-x", f"--junitxml={report}", f"--hypothesis-seed={seed}"]
    environment = {**tree.environment(addresses), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [str(tree.python), "-m", "pytest", *options, *checks]
    started_at = monotonic()
    code, output = _run(command, tree, environment, timeout_s)
    tail = "\n".join(output.splitlines()[-TAIL_LINES:])
    return Result(code, _failures(report), monotonic() - started_at, tail)


def _run(
    command: Sequence[str], tree: Tree, environment: dict[str, str], timeout_s: float
) -> tuple[int | None, str]:
    """Its exit code and output; after ``timeout_s`` it is killed with all that it started."""
    with subprocess.Popen(
        command,
        cwd=tree.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return None, output
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, output


def _failures(report: Path) -> tuple[Failure, ...]:
    """Failed tests of a JUnit report; errors of set-up, tear-down and collection are others."""
    if not report.exists():
        return ()
    return tuple(
        Failure(_node(case), failure.get("message", "").partition("\n")[0][:200])
        for case in ET.parse(report).iter("testcase")
        for failure in case.iter("failure")
    )


def _node(case: ET.Element) -> str:
    return f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '')}"
