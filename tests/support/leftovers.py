"""What a test run may leave behind: processes, listening ports, temporary files."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psutil

PREFIX = f"orderproof-tests-{os.getpid()}-"
TEMPORARY = (Path(tempfile.gettempdir()), Path("/var/tmp"))


@dataclass(frozen=True)
class Leftovers:
    """Children of this process, ports they listen on, and files under our names."""

    processes: frozenset[str]
    ports: frozenset[str]
    files: frozenset[str]

    @classmethod
    def now(cls) -> "Leftovers":
        children = psutil.Process().children(recursive=True)
        return cls(
            frozenset(_name(one) for one in children if one.status() != psutil.STATUS_ZOMBIE),
            frozenset(_ports(children)),
            frozenset(str(path) for folder in TEMPORARY for path in folder.glob(f"{PREFIX}*")),
        )

    def beyond(self, before: "Leftovers") -> list[str]:
        """What is here now and was not before."""
        found = (
            (self.processes - before.processes)
            | (self.ports - before.ports)
            | (self.files - before.files)
        )
        return sorted(found)


def _name(process: psutil.Process) -> str:
    return f"process {process.pid} {' '.join(process.cmdline()[:4])}"


def _ports(children: list[psutil.Process]) -> set[str]:
    return {
        f"port {one.laddr.port} of {child.pid}"
        for child in [psutil.Process(), *children]
        for one in child.net_connections(kind="tcp")
        if one.status == psutil.CONN_LISTEN
    }
