"""Services as far as the commands see them: their dead letters and promises, by HTTP."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from local_runtime.cli import build
from local_runtime.endpoints import write_json
from local_runtime.paths import RunDir
from local_runtime.run_lock import hold_run_lock
from typer.testing import CliRunner, Result

Json = dict[str, Any]


def a_letter(parked_id: int, reason: str = "handler-failed", **more: Any) -> Json:
    """A parked record as a service lists it."""
    return {
        "id": parked_id,
        "consumer": "payments",
        "topic": "orders.events.v1",
        "partition": 0,
        "offset": parked_id,
        "key": f"ord_{parked_id}",
        "type": "orders.order-placed.v1",
        "reason": reason,
        "error": "KeyError",
        "attempts": 1,
        "parked_at": "2026-03-01T12:00:00.000Z",
        "behind": 0,
        **more,
    }


def a_promise(name: str, *broken: str) -> Json:
    return {"name": name, "sentence": f"{name} is kept.", "broken": list(broken)}


@dataclass
class FakeService:
    """``fails`` says for which ids a redrive stops, and why; ``asked`` is what was asked."""

    letters: dict[int, Json] = field(default_factory=dict)
    promises: list[Json] = field(default_factory=list)
    fails: dict[int, str] = field(default_factory=dict)
    broken: bool = False
    asked: list[tuple[str, str, str | None, Json]] = field(default_factory=list)
    url: str = ""

    @property
    def actions(self) -> list[tuple[str, str | None, Json]]:
        """What would have changed something: path, operator, body."""
        return [(path, by, body) for method, path, by, body in self.asked if method == "POST"]

    def park(self, *letters: Json) -> None:
        self.letters |= {one["id"]: one for one in letters}

    def answer(self, method: str, path: str, by: str | None, body: Json) -> tuple[int, Json]:
        self.asked.append((method, path, by, body))
        if self.broken:
            return 503, {"title": "Database away", "detail": "Try again later."}
        where = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        match where.path.removeprefix("/ops/").split("/"):
            case ["invariants"]:
                wrong = [one for one in self.promises if one["broken"] or one.get("unchecked")]
                holds = not wrong
                return 200, {"holds": holds, "invariants": self.promises}
            case ["dead-letters"]:
                return 200, {"dead_letters": self._page(query)}
            case ["dead-letters", number, *action]:
                return self._one(int(number), action, query)
            case _:
                return 404, {"title": "Not found", "detail": path}

    def _page(self, query: Mapping[str, str]) -> list[Json]:
        listed = [one for number, one in sorted(self.letters.items()) if one["behind"] is not None]
        return [one for one in listed if one["id"] > int(query["after"])][: int(query["limit"])]

    def _one(self, number: int, action: list[str], query: Mapping[str, str]) -> tuple[int, Json]:
        letter = self.letters.get(number)
        if letter is None:
            return 404, {"title": "Not found", "detail": f"No dead letter {number}."}
        if not action:
            headers = {"ce_id": "evt_1", "traceparent": None}
            return 200, {**letter, "behind": None, "headers": headers, "value_bytes": 20}
        ran = letter["behind"] + (action == ["redrive"])
        if number in self.fails:
            return 200, {"done": 0, "left": max(ran, 1), "failed": self.fails[number]}
        if query.get("dry_run") != "true":
            del self.letters[number]
        return 200, {"done": ran, "left": 0, "failed": None}


@contextmanager
def serving(fake: FakeService) -> Iterator[FakeService]:
    """The fake on a port of its own, in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond("GET", {})

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            self._respond("POST", json.loads(self.rfile.read(size) or b"{}"))

        def _respond(self, method: str, body: Json) -> None:
            by = self.headers.get("X-Operator")
            status, document = fake.answer(method, self.path, by, body)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def running(run_dir: RunDir, urls: Mapping[str, Any]) -> Iterator[None]:
    """The run directory of a stack that is ready and held by its supervisor."""
    with hold_run_lock(run_dir):
        write_json(run_dir.endpoints, {**urls, "kafka": "127.0.0.1:1", "console": None})
        yield
        run_dir.endpoints.unlink()


class FakeShop(NamedTuple):
    """Two services, and the command line that finds them."""

    run_dir: Path
    orders: FakeService
    payments: FakeService

    def run(self, *arguments: str, operator: str | None = "ada") -> Result:
        """``orderproof`` with the arguments, as ``operator``."""
        told = [*arguments, "--run-dir", str(self.run_dir)]
        return CliRunner(env={"USER": operator}).invoke(build(), told)


@contextmanager
def two_services(folder: Path) -> Iterator[FakeShop]:
    """Orders and payments, which the run directory says are running."""
    with (
        serving(FakeService()) as orders,
        serving(FakeService()) as payments,
        running(RunDir.at(folder), {"orders": orders.url, "payments": payments.url}),
    ):
        yield FakeShop(folder, orders, payments)
