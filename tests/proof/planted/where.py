"""Where the packages under test come from; nothing but the copy is right."""

import os
from importlib.util import find_spec
from pathlib import Path

PACKAGES = (
    "shared",
    "orders",
    "payments",
    "inventory",
    "notifications",
    "console",
    "local_runtime",
)
TREE_VARIABLE = "ORDERPROOF_PLANTED_TREE"


def outside() -> list[str]:
    """Packages that would be imported from anywhere but the copy."""
    root = Path(os.environ[TREE_VARIABLE])
    found = {name: find_spec(name) for name in (*PACKAGES, "tests")}
    origins = {name: Path(one.origin or "/") if one else Path("/") for name, one in found.items()}
    return [f"{name} is {path}" for name, path in origins.items() if root not in path.parents]
