"""Only on this machine: the simulated mailbox, faults of the simulators, and the services' logs."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from shared.http.problem import not_found
from shared.service import Running

from console import audit
from console.backends import Backends
from console.board import Board
from console.pages.actions import not_done
from console.settings import ConsoleSettings

MAILS_MAX = 100
LINES_MAX = 500
TAIL_BYTES = 4 * 1024 * 1024


class Fault(BaseModel):
    """How often the provider fails from now on, or the mail server refuses, in percent."""

    model_config = ConfigDict(extra="forbid")

    simulator: Literal["provider", "mail"]
    kind: Literal[
        "error_percent",
        "timeout_done_percent",
        "timeout_not_done_percent",
        "late_percent",
        "reject_percent",
        "none",
    ]
    percent: float = Field(0, ge=0, le=100)


def refuse_elsewhere(settings: ConsoleSettings) -> None:
    """Raises ``Problem`` 404 where nothing is simulated."""
    if settings.environment != "local":
        raise not_found("Only a local system has this page.")


async def mailbox(backends: Backends, board: Board, order_id: str) -> dict[str, Any]:
    """The newest mails that arrived, as text; of one order or of all."""
    query = {"order_id": order_id} if order_id else {}
    answer = await backends.get_at(backends.settings.mailbox_url, **query)
    mails = answer.body if answer.ok and isinstance(answer.body, list) else []
    return {
        **board.frame,
        "order_id": order_id,
        "silent": not answer.ok,
        "mails": mails[: -MAILS_MAX - 1 : -1],
    }


async def faults(backends: Backends, board: Board) -> dict[str, Any]:
    """What the simulators are told to do wrong now."""
    urls = _simulators(backends.settings)
    answers = await asyncio.gather(*(backends.get_at(url) for url in urls.values()))
    return {
        **board.frame,
        "simulators": {
            name: answer.body if answer.ok else None
            for name, answer in zip(urls, answers, strict=True)
        },
        "kinds": Fault.model_json_schema()["properties"]["kind"]["enum"],
    }


async def set_fault(
    running: Running, backends: Backends, operator: str, asked: Fault
) -> dict[str, Any]:
    """One fault in place of those before, written down first; ``none`` mends the simulator."""
    body: Mapping[str, Any] = {} if asked.kind == "none" else {asked.kind: asked.percent}
    target = " ".join([asked.kind, *(f"{one:g}" for one in body.values())])
    entry_id = await audit.begin(running, audit.Entry(operator, "fault", asked.simulator, target))
    answer = await backends.post_at(_simulators(backends.settings)[asked.simulator], body)
    says = "So it is from now on." if answer.ok else not_done(asked.simulator, answer)
    await audit.end(running, entry_id, answer.status, says)
    return {"ok": answer.ok, "says": says}


async def logs(settings: ConsoleSettings, board: Board, sought: str) -> dict[str, Any]:
    """Lines of every service's log with ``sought`` in them: a trace's id, or an order's."""
    lines: list[Mapping[str, Any]] = []
    if settings.log_dir is not None and sought:
        lines = await asyncio.to_thread(_lines, settings.log_dir, sought)
    return {**board.frame, "q": sought, "lines": lines, "lines_max": LINES_MAX}


def _lines(folder: Path, sought: str) -> list[Mapping[str, Any]]:
    found = [line for file in sorted(folder.glob("*.log")) for line in _found_in(file, sought)]
    return sorted(found, key=lambda one: str(one.get("timestamp", "")))[-LINES_MAX:]


def _found_in(file: Path, sought: str) -> Iterator[Mapping[str, Any]]:
    """From the end of the file: a log has no end of its own."""
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - TAIL_BYTES))
        tail = opened.read(TAIL_BYTES).decode(errors="replace")
    for line in tail.splitlines():
        if sought in line and line.startswith("{"):
            try:
                read = json.loads(line)
            except ValueError:
                continue
            known = ("timestamp", "level", "service", "event")
            rest = {name: value for name, value in read.items() if name not in known}
            yield {**{name: read.get(name) for name in known}, "rest": rest, "from": file.stem}


def _simulators(settings: ConsoleSettings) -> dict[str, str | None]:
    mail = settings.mailbox_url
    return {
        "provider": settings.provider_url and f"{settings.provider_url}/faults",
        "mail": mail and mail.removesuffix("/messages") + "/faults",
    }
