"""An append-only file of JSON lines that survives a kill at any byte."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


class Journal:
    """Keeps records in a file, or nowhere when it is given no path."""

    def __init__(self, path: Path | None) -> None:
        self._file: BinaryIO | None = None if path is None else path.open("a+b")

    def replay(self) -> Iterator[dict[str, Any]]:
        """Yield every whole record, and cut off a last one that a kill left torn."""
        if self._file is None:
            return
        self._file.seek(0)
        whole_bytes = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            whole_bytes += len(line)
            yield json.loads(line)
        self._file.truncate(whole_bytes)

    def append(self, record: dict[str, Any]) -> None:
        """Hand the record to the operating system before returning."""
        if self._file is None:
            return
        self._file.write(json.dumps(record).encode() + b"\n")
        self._file.flush()

    def clear(self) -> None:
        if self._file is not None:
            self._file.truncate(0)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
