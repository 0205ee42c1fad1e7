"""Puts a run into the documents: its figures, its tables and its flame graphs."""

import json
import re
import shutil
from pathlib import Path

from tests.bench.flames import FOLDER
from tests.bench.spec import Json
from tests.tools import docs
from tests.tools.performance import FIGURES, GRAPHS, ROOT

# A frame's file may be named by where this machine keeps its Python, and the title has the command.
FOLDERS = re.compile(r"(?:/[\w.+-]+)+/(?=[\w.+-]+/[\w.+-]+\.py|py-spy\b)")


def publish(told: Json) -> None:
    """Write docs/performance.json and all that is made of it."""
    (ROOT / FIGURES).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    if FOLDER.is_dir():
        shutil.rmtree(ROOT / GRAPHS, ignore_errors=True)
        (ROOT / GRAPHS).mkdir()
        for graph in FOLDER.glob("*.svg"):
            copy_graph(graph, ROOT / GRAPHS / graph.name)
    docs.main([])


def copy_graph(graph: Path, target: Path) -> None:
    """The graph without the folders that its frames' files are in."""
    target.write_text(FOLDERS.sub("", graph.read_text("utf-8")), "utf-8")
