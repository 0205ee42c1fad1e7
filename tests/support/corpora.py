"""Data that nobody here made: ``ORDERPROOF_CORPORA``, or ``shared/data`` beside the project."""

import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ROOT.parent / "shared" / "data"


def corpus(name: str) -> Path:
    """A file or folder of the corpora. Fails where it is missing: what is unread proves nothing."""
    found = Path(os.environ.get("ORDERPROOF_CORPORA") or BESIDE) / name
    assert found.exists(), f"no {name} in {found.parent}; set ORDERPROOF_CORPORA"
    return found


def json_texts() -> dict[str, bytes]:
    """JSONTestSuite by file name: ``y_`` is JSON, ``n_`` is not, of ``i_`` nobody is sure."""
    return {one.name: one.read_bytes() for one in sorted(corpus("json_parsing").glob("*.json"))}


def naughty_strings() -> list[str]:
    """The big list of naughty strings."""
    found: list[str] = json.loads(corpus("naughty_strings.json").read_text("utf-8"))
    return found
