"""The planted bugs: each a patch that opens with what it brings back and which check sees it."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

PATCHES = Path(__file__).parent / "patches"
FILE_NAME = re.compile(r"([0-9]{2,3})-([a-z0-9-]+)\.patch")
HEADER = re.compile(r"(bug|source|check): (.+)")


class BadPatch(ValueError):
    """A patch whose name or header cannot be read."""


@dataclass(frozen=True, slots=True)
class Planted:
    """``checks`` are pytest node ids or files; at least one of their tests must fail."""

    number: int
    name: str
    bug: str
    source: str
    checks: tuple[str, ...]
    patch: Path


def catalogue(folder: Path = PATCHES) -> list[Planted]:
    """All of them, in the order of their numbers. Raises ``BadPatch``."""
    return sorted(map(read, folder.glob("*.patch")), key=attrgetter("number"))


def read(path: Path) -> Planted:
    """The patch's name and header; what follows is a diff that ``git apply`` takes."""
    named = FILE_NAME.fullmatch(path.name)
    if named is None:
        raise BadPatch(f"{path.name}: not called NN-name.patch")
    said = _header(path)
    if len(said["bug"]) != 1 or len(said["source"]) != 1 or not said["check"]:
        raise BadPatch(f"{path.name}: needs one bug, one source and a check")
    return Planted(
        number=int(named[1]),
        name=named[2],
        bug=said["bug"][0],
        source=said["source"][0],
        checks=tuple(said["check"]),
        patch=path,
    )


def _header(path: Path) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {"bug": [], "source": [], "check": []}
    head, _, diff = path.read_text().partition("\ndiff --git ")
    if not diff:
        raise BadPatch(f"{path.name}: no diff")
    for line in filter(str.strip, head.splitlines()):
        member = HEADER.fullmatch(line)
        if member is None:
            raise BadPatch(f"{path.name}: {line!r} is no member of a header")
        said[member[1]].append(member[2].strip())
    return said


def named(planted: Sequence[Planted], names: Sequence[str]) -> list[Planted]:
    """Those called so, by name or number. Raises ``KeyError`` for one that does not exist."""
    known = {one.name: one for one in planted} | {str(one.number): one for one in planted}
    return [known[name.lstrip("0")] for name in names]


def draw(planted: Sequence[Planted], seed: int, count: int) -> list[Planted]:
    """``count`` of them, the same ones for the same seed."""
    return random.Random(seed).sample(list(planted), min(count, len(planted)))
