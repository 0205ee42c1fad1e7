"""``endpoints.json``: the addresses and process ids of a stack that is ready."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_runtime.runtimes.base import PartnerKafka


@dataclass(frozen=True)
class Process:
    """One process as the file shows it; a service's instances share a ``group``."""

    name: str
    group: str
    pid: int | None
    url: str | None = None


@dataclass(frozen=True)
class Addresses:
    """Where the stack's servers are."""

    kafka: str
    provider: str
    smtp: str
    mail: str
    databases: Mapping[str, str]
    services: Mapping[str, str]
    partner_kafka: PartnerKafka | None = None


def document(addresses: Addresses, processes: Iterable[Process]) -> dict[str, Any]:
    """The file's content."""
    known = list(processes)
    return {
        **addresses.services,
        "console": addresses.services.get("console"),
        "provider": addresses.provider,
        "kafka": addresses.kafka,
        **_partner_kafka(addresses.partner_kafka),
        "mail": {"smtp": addresses.smtp, "messages": f"{addresses.mail}/messages"},
        "databases": dict(addresses.databases),
        "pids": _pids(known),
        "instances": {
            process.name: {"pid": process.pid, "http": process.url}
            for process in known
            if process.group in addresses.services
        },
    }


def _partner_kafka(door: PartnerKafka | None) -> dict[str, Any]:
    """Nothing where partners have no listener."""
    if door is None:
        return {}
    return {"partner_kafka": {"bootstrap": door.bootstrap, "ca_file": str(door.ca_file)}}


def _pids(processes: list[Process]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for process in processes:
        pids = groups.setdefault(process.group, [])
        if process.pid is not None:
            pids.append(process.pid)
    return groups


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Replace the file in one step: a reader sees the old content or the new, never half."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps(content, indent=2) + "\n")
    beside.replace(file)


def read_json(file: Path) -> dict[str, Any] | None:
    """The content, None when there is no such file."""
    try:
        content: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return None
    return content
