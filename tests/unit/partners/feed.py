"""A feed of fulfilment events on a port of its own, which can be told to fail first."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "opk_0198c1a2_secret"


@dataclass(frozen=True)
class Fault:
    """An answer instead of the page."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Feed:
    """What there is to read, and what was asked for; a cursor says how many were read."""

    url: str
    events: list[dict[str, Any]]
    faults: list[Fault] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    page_events_max: int = 100

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        # It holds what a query may not hold as it is.
        start = int(query["after"].removeprefix("a+b/=&")) if "after" in query else 0
        end = start + min(int(query["limit"]), self.page_events_max)
        chosen = self.events[start:end]
        cursor = f"a+b/=&{start + len(chosen)}" if chosen or start else None
        has_more = end < len(self.events)
        return {"events": chosen, "next_cursor": cursor, "has_more": has_more}


def some_events(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"evt_{number}",
            "type": "fulfilment.shipment-delivered.v1",
            "timestamp": "2026-11-30T10:00:00.000Z",
            "order_id": "ord_1",
            "sequence": number,
            "data": {"next_cursor": 'a "quoted" word', "complete": True},
        }
        for number in range(1, count + 1)
    ]


@contextmanager
def served(count: int, *faults: Fault, page_events_max: int = 100) -> Iterator[Feed]:
    """A feed of ``count`` events that answers with each of ``faults`` first."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: one for name, (one,) in parse_qs(parts.query).items()}
            feed.asked.append(query)
            if parts.path != "/v1/fulfilment-events":
                self.answer(Fault(404))
            elif self.headers["Authorization"] != f"Bearer {KEY}":
                self.answer(Fault(401, body=b'{"type": "urn:problem:unauthenticated"}'))
            elif feed.faults:
                self.answer(feed.faults.pop(0))
            else:
                self.answer(Fault(200, body=json.dumps(feed.page(query)).encode()))

        def answer(self, fault: Fault) -> None:
            self.send_response(fault.status)
            for name, text in {**fault.headers, "Content-Length": str(len(fault.body))}.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(fault.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: what was asked is kept."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        feed = Feed(url, some_events(count), list(faults), page_events_max=page_events_max)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield feed
        finally:
            server.shutdown()
            thread.join()
