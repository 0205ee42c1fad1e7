"""The notifications service as far as ``orderproof partners`` sees it, by HTTP."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from local_runtime.cli import build
from local_runtime.paths import RunDir
from typer.testing import CliRunner, Result

from tests.support.fake_services import running

Json = dict[str, Any]
Answer = tuple[int, Json]

AT = "2026-03-01T12:00:00.000Z"
KEY = "opk_the-key-itself"
SECRET = "whsec_dGhlLXNlY3JldC1pdHNlbGY="
UNKNOWN = 404, {"title": "Not found", "detail": "There is no such partner."}


def a_key(key_id: str = "pky_1", **more: Any) -> Json:
    return {
        "key_id": key_id,
        "scopes": ["events:read", "endpoints:manage", "keys:manage"],
        "created_at": AT,
        "expires_at": None,
        "revoked_at": None,
        **more,
    }


def a_partner(name: str = "acme", *keys: Json, **more: Any) -> Json:
    return {
        "partner_id": f"ptr_{name}",
        "name": name,
        "seller_id": None,
        "event_types": ["fulfilment.shipment-dispatched.v1"],
        "created_at": AT,
        "sees_addresses": False,
        "keys": list(keys) or [a_key()],
        **more,
    }


def an_endpoint(endpoint_id: str = "whe_1", **more: Any) -> Json:
    return {
        "endpoint_id": endpoint_id,
        "url": "https://hooks.acme.example/orders",
        "description": "",
        "event_types": ["fulfilment.shipment-dispatched.v1"],
        "rate_per_s": 10,
        "concurrency_max": 4,
        "enabled": True,
        "disabled_reason": None,
        "disabled_at": None,
        "failing_since": None,
        "created_at": AT,
        "previous_secret_until": None,
        **more,
    }


def a_delivery(number: int, **more: Any) -> Json:
    return {
        "delivery_id": str(number),
        "event_id": f"evt_{number}",
        "order_id": f"ord_{number}",
        "type": "fulfilment.shipment-dispatched.v1",
        "state": "delivered",
        "attempts": 1,
        "next_attempt_at": None,
        "created_at": AT,
        "ended_at": AT,
        **more,
    }


class Asked(NamedTuple):
    """One request: what for, by whom, and with what."""

    method: str
    path: str
    by: str | None
    body: Json | None


@dataclass
class FakePartners:
    """Answers from ``answers`` by method and path without query, in turn; keeps what was asked.

    The last answer of a list stays.
    """

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def on(self, request: str, *documents: Json, status: int = 200) -> None:
        self.on_each(request, [(status, one) for one in documents])

    def on_each(self, request: str, answers: Sequence[Answer]) -> None:
        self.answers[request] = list(answers)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        waiting = self.answers.get(f"{asked.method} {asked.path.partition('?')[0]}")
        if waiting is None:
            return UNKNOWN
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]


class Desk(NamedTuple):
    """The service, and the command line that finds it."""

    run_dir: Path
    service: FakePartners

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> Result:
        """``orderproof partners`` with the arguments, as ada."""
        told = ["partners", *arguments, "--run-dir", str(self.run_dir)]
        return CliRunner(env={"USER": "ada", **(env or {})}).invoke(build(), told)

    def ran(self, *arguments: str, code: int = 0) -> Any:
        """The document that the command prints on stdout and nothing else."""
        result = self.run(*arguments, "--json")
        assert (result.exit_code, result.stderr) == (code, ""), result.output
        return json.loads(result.stdout)


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """Notifications, which the run directory says is running."""
    fake = FakePartners()
    with serving(fake), running(RunDir.at(folder), {"notifications": fake.url}):
        yield Desk(folder, fake)


@contextmanager
def serving(fake: FakePartners) -> Iterator[None]:
    """The fake on a port of its own, in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def _respond(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            body = json.loads(raw) if raw else None
            asked = Asked(self.command, self.path, self.headers.get("X-Operator"), body)
            status, document = fake.answer(asked)
            self.send_response(status)
            if status != 204:
                self.send_header("content-type", "application/json")
            self.end_headers()
            if status != 204:
                self.wfile.write(json.dumps(document).encode())

        do_GET = do_POST = do_PATCH = do_DELETE = _respond  # noqa: N815

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
