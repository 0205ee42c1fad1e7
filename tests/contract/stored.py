"""The stored samples, and the list of event types that were ever promised."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("samples")
RELEASED = tuple(Path(__file__).with_name("released.txt").read_text().split())


def type_of(file: Path) -> str:
    """The event's type: a file is ``<type>.json``, a further sample ``<type>.<what>.json``."""
    family, _, rest = file.name.partition(".v")
    return f"{family}.v{rest.split('.')[0]}"


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def sample(event_type: str) -> Any:
    """The data of one event, as JSON."""
    return json.loads((FOLDER / f"{event_type}.json").read_text("utf-8"))
