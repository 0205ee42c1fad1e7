"""The files of the tree, read and parsed once."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = tuple(sorted(one.parent.name for one in (ROOT / "services").glob("*/pyproject.toml")))
IGNORED = {".git", ".venv", ".run", ".cache", "__pycache__", "build", "dist"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A Python file; ``path`` is relative to the root, with slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its dotted name, methods and nested ones included."""
        yield from _functions(self.tree, "")

    def within(self, *folders: str) -> bool:
        return any(self.path.startswith(folder + "/") for folder in folders)

    @property
    def is_product(self) -> bool:
        return "/src/" in self.path and self.within("services", "shared", "deploy")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        inside = prefix
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield prefix + child.name, child
            inside = f"{prefix}{child.name}."
        elif isinstance(child, ast.ClassDef):
            inside = f"{prefix}{child.name}."
        yield from _functions(child, inside)


@cache
def files() -> tuple[str, ...]:
    """What is committed or could be: everything git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    names = listed.stdout.splitlines() if listed.returncode == 0 else _walk(ROOT)
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


def _walk(folder: Path) -> Iterator[str]:
    """For a copy of the tree without git."""
    for one in folder.iterdir():
        if one.is_dir() and one.name not in IGNORED and not one.name.endswith("_cache"):
            yield from _walk(one)
        elif one.is_file():
            yield one.relative_to(ROOT).as_posix()


@cache
def modules() -> tuple[Module, ...]:
    return tuple(
        Module(name, (ROOT / name).read_text("utf-8")) for name in files() if name.endswith(".py")
    )


def product() -> list[Module]:
    """What is installed: the services, shared and the local runtime."""
    return [one for one in modules() if one.is_product]
