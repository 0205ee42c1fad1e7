"""A copy of the working tree with an environment of its own, to plant bugs in."""

import compileall
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from tests.proof.planted.where import TREE_VARIABLE

REPOSITORY = Path(__file__).parents[3]
SOURCES = (
    "shared/src",
    "services/orders/src",
    "services/payments/src",
    "services/inventory/src",
    "services/notifications/src",
    "services/console/src",
    "deploy/local/src",
)


class DoesNotApply(ValueError):
    """The code has moved on; the patch must follow it."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The copy. Its interpreter knows the copied packages and the installed libraries only."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    def apply(self, patch: Path) -> None:
        """Change the copy as ``patch`` says. Raises ``DoesNotApply``."""
        git_apply(self.root, patch)

    def revert(self, patch: Path) -> None:
        git_apply(self.root, patch, "--reverse")

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """What a process in the copy inherits."""
        inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        return {
            **inherited,
            "VIRTUAL_ENV": str(self.root / ".venv"),
            "PATH": f"{self.python.parent}{os.pathsep}{inherited.get('PATH', '')}",
            "PYTHONDONTWRITEBYTECODE": "1",
            TREE_VARIABLE: str(self.root),
            **more,
        }


def copy_tree(root: Path, repository: Path = REPOSITORY) -> Tree:
    """Copy what git knows or would add, as it is on disk, and make the environment."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository,
        check=True,
        capture_output=True,
    )
    for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
        if (repository / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(repository / name, root / name)
    _make_environment(root)
    for source in SOURCES:
        # By their hashes: a patch and its reverse may come within a second, which is as fine as
        # a compiled file remembers times. For that reason no process in the copy keeps any.
        mode = PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(root / source, quiet=2, invalidation_mode=mode)
    return Tree(root)


def _make_environment(root: Path) -> None:
    """The libraries' folder becomes a plain path: its links to the original tree have no effect."""
    venv.create(root / ".venv", symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = root / ".venv" / "lib" / version / "site-packages"
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    paths = [*(str(root / source) for source in SOURCES), *sorted(libraries)]
    (site / "planted.pth").write_text("\n".join(paths) + "\n")


def git_apply(root: Path, patch: Path, *options: str) -> None:
    """Exactly or not at all. Raises ``DoesNotApply`` with what git says."""
    applied = subprocess.run(
        ["git", "apply", *options, str(patch)],
        cwd=root,
        env={**os.environ, "GIT_CEILING_DIRECTORIES": str(root.parent)},
        check=False,
        capture_output=True,
        text=True,
    )
    if applied.returncode != 0:
        raise DoesNotApply(applied.stderr.strip())
