"""Writes what the documents say about the code: ``python -m tests.tools.docs [--check]``.

With ``--check`` nothing is written; the names of stale files are told and the exit code is 1.
"""

import argparse
import sys
from pathlib import Path

from notifications.writing.languages import CATALOGUES

from tests.support.wiring import SERVICES, settings_of
from tests.tools import (
    catalogues,
    events,
    fields,
    lifecycle,
    mail_template,
    performance,
    promises,
    proofs,
    settings,
)
from tests.tools.blocks import replaced

ROOT = Path(__file__).resolve().parents[2]


def documents() -> dict[Path, str]:
    """Every generated document, whole, as it should be."""
    found = {Path("docs/events.md"): events.page(), Path("docs/api.md"): fields.page()}
    found[mail_template.COMPILED] = mail_template.compiled()
    found |= {catalogues.file_of(one): catalogues.updated(one) for one in CATALOGUES.values()}
    path = Path("docs/order-lifecycle.md")
    found[path] = replaced(current(path), {"chart": lifecycle.chart(), "rules": lifecycle.table()})
    path = Path("docs/operations.md")
    found[path] = replaced(current(path), {"promises": promises.table()})
    path = Path("docs/proof.md")
    blocks = {name: tell() for name, tell in proofs.BLOCKS.items()}
    found[path] = replaced(current(path), blocks)
    path = Path("docs/performance.md")
    blocks = {"figures": performance.figures(), "flame graphs": performance.graphs()}
    found[path] = replaced(current(path), blocks)
    for service in SERVICES:
        path = Path("services", service, "README.md")
        listed = settings_of(service)
        if listed is not None and (ROOT / path).is_file():
            found[path] = replaced(current(path), {"settings": settings.table(listed)})
    return found


def current(path: Path) -> str:
    """The file as it is; empty when it is not there."""
    return (ROOT / path).read_text("utf-8") if (ROOT / path).is_file() else ""


def stale() -> list[str]:
    """The files that do not say what the code does."""
    return [path.as_posix() for path, text in documents().items() if current(path) != text]


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 when ``--check`` found something stale."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.docs")
    parser.add_argument("--check", action="store_true", help="write nothing, tell what is stale")
    names = stale()
    if parser.parse_args(arguments).check:
        for name in names:
            print(f"{name} is stale; run python -m tests.tools.docs")
        return 1 if names else 0
    texts = documents()
    for name in names:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(texts[Path(name)], "utf-8")
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
