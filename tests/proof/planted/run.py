"""Plants one bug after the other and judges whether its check sees it."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.proof.planted.catalogue import Planted
from tests.proof.planted.check import TIMEOUT_S, Result, needs_servers, run_check
from tests.proof.planted.servers import Servers
from tests.proof.planted.tree import DoesNotApply, Tree, copy_tree


@dataclass(frozen=True, slots=True)
class Caught:
    """The check is green without the bug; with it ``test`` failed, for the reason ``why``."""

    planted: Planted
    test: str
    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Missed:
    """The check is green with the bug too."""

    planted: Planted
    seconds: float


@dataclass(frozen=True, slots=True)
class Broken:
    """Nothing was shown: the patch does not apply, or the check did not run as it should."""

    planted: Planted
    why: str


Verdict: TypeAlias = Caught | Missed | Broken
Progress: TypeAlias = Callable[[str], None]


def run(planted: Sequence[Planted], progress: Progress, seed: int = 0) -> list[Verdict]:
    """Plant each bug in a copy of the tree; gives a verdict for each, in the same order.

    ``progress`` gets a line as soon as there is news. ``seed`` is that of generated examples.
    Blocks, and starts Kafka and PostgreSQL when a check needs them; from a coroutine it is
    called in a thread.
    """
    with tempfile.TemporaryDirectory(prefix="orderproof-planted-") as folder, Servers() as servers:
        runner = _Runner(copy_tree(Path(folder).resolve()), servers, seed)
        runner.show_sound(planted, progress)
        verdicts: list[Verdict] = []
        for number, one in enumerate(planted, 1):
            verdict = runner.judge(one)
            verdicts.append(verdict)
            progress(f"{number}/{len(planted)} {one.name}: {told(verdict)}")
    return verdicts


def told(verdict: Verdict) -> str:
    """A verdict in one line; what is broken takes more."""
    match verdict:
        case Caught(test=test, seconds=seconds):
            return f"caught by {test} in {seconds:.1f} s"
        case Missed(planted=planted):
            return f"MISSED by {', '.join(planted.checks)}"
        case Broken(why=why):
            return f"BROKEN: {why}"


@dataclass
class _Runner:
    """``before`` is what came of checks without a bug."""

    tree: Tree
    servers: Servers
    seed: int
    before: dict[tuple[str, ...], Result] = field(default_factory=dict)

    def show_sound(self, planted: Sequence[Planted], progress: Progress) -> None:
        """Run each check once without a bug: all together, and apart only if that fails."""
        for with_servers in (False, True):
            checks = {one.checks for one in planted if needs_servers(one.checks) is with_servers}
            if not checks:
                continue
            all_of_them = sorted({one for some in checks for one in some})
            result = self._check(all_of_them, TIMEOUT_S * len(all_of_them))
            if result.green:
                self.before |= dict.fromkeys(checks, result)
            state = "green" if result.green else f"not all green: {result}\nOne by one:"
            progress(f"{len(checks)} checks without a bug in {result.seconds:.1f} s: {state}")

    def judge(self, planted: Planted) -> Verdict:
        before = self.before.get(planted.checks)
        if before is None:
            before = self.before[planted.checks] = self._check(planted.checks)
        if not before.green:
            return Broken(planted, f"not green without the bug: {before}")
        try:
            self.tree.apply(planted.patch)
        except DoesNotApply as error:
            return Broken(planted, f"does not apply: {error}")
        try:
            return _verdict(planted, self._check(planted.checks))
        finally:
            self.tree.revert(planted.patch)

    def _check(self, checks: Sequence[str], timeout_s: float = TIMEOUT_S) -> Result:
        return run_check(self.tree, checks, self.servers, self.seed, timeout_s)


def _verdict(planted: Planted, result: Result) -> Verdict:
    if result.red:
        failure = next(one for one in result.failures if not one.is_broken_code)
        return Caught(planted, failure.test, failure.why, round(result.seconds, 1))
    if result.green:
        return Missed(planted, round(result.seconds, 1))
    return Broken(planted, str(result))
