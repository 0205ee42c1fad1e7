"""A receiver of webhooks in Python, to copy from: 3.9 or newer, and the standard library only.

It verifies each delivery (Standard Webhooks 1.0), prints each event once, and answers 204.
TLS is the business of what stands in front of it.

    WEBHOOK_SECRET=whsec_… python3 receive_webhooks.py --port 8080

It reads signatures of version v1; v1a (ed25519) needs more than the standard library.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE_S = 300
TIMESTAMP = re.compile(r"[0-9]{1,11}")
SECRET_BYTES = range(24, 65)
BODY_BYTES_MAX = 1024 * 1024
READ_TIMEOUT_S = 10
IDS_REMEMBERED_MAX = 100_000


class NotVerified(Exception):
    """Whoever sent this does not hold the secret, or sent it at another time."""


def key_of(secret: str) -> bytes:
    """The key in ``whsec_…``. Raises ``ValueError`` when it is no such secret."""
    prefix, _, encoded = secret.partition("_")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if prefix != "whsec" or len(key) not in SECRET_BYTES:
        raise ValueError("a secret is whsec_ and the base64 of 24 to 64 bytes")
    return key


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Raises ``NotVerified``; ``headers`` in lower case, ``body`` as it came, byte for byte."""
    event_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not event_id or not TIMESTAMP.fullmatch(timestamp):
        raise NotVerified("no webhook-id, or no webhook-timestamp that is a number")
    signed = f"{event_id}.{timestamp}.".encode("utf-8", "replace") + body
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # One entry for each secret that is valid now; those of other versions never match.
    entries = headers.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    if not any(hmac.compare_digest(entry, expected) for entry in entries):
        raise NotVerified("no signature of this body by this secret")
    if abs(now - int(timestamp)) > TOLERANCE_S:
        raise NotVerified(f"sent more than {TOLERANCE_S} s ago or ahead")


class Inbox:
    """Handles each event once; ends the server after ``count`` of them, if that is not 0.

    What it remembers is gone when it stops. In earnest, store the id in your database, in the
    transaction that stores what the event has changed.
    """

    def __init__(self, count: int = 0, ids_max: int = IDS_REMEMBERED_MAX) -> None:
        self._done: OrderedDict[str, None] = OrderedDict()
        self._ids_max = ids_max
        self._left = count
        self._one_at_a_time = threading.Lock()

    def take(self, event_id: str, body: bytes) -> bool:
        """Handle an event that is new; true when it was the last one wanted.

        Raises ``ValueError`` or ``KeyError`` for what is no event of ours.
        """
        with self._one_at_a_time:
            if event_id in self._done:
                return False
            handle(json.loads(body))
            # Only now: whoever remembers first and then fails has lost the event.
            self._done[event_id] = None
            if len(self._done) > self._ids_max:
                self._done.popitem(last=False)
            self._left -= 1
            return self._left == 0


def handle(event: dict[str, Any]) -> None:
    """Your work goes here. It must end within 15 s, or the event comes again: put it in a queue."""
    line = f"{event['order_id']} #{event['sequence']} {event['type']} {json.dumps(event['data'])}"
    print(line, flush=True)


class Receiver(BaseHTTPRequestHandler):
    """Answers one delivery."""

    secret: str
    inbox: Inbox
    timeout = READ_TIMEOUT_S

    def do_POST(self) -> None:
        """204: received, also when it came before; 400: not from Orderproof."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,9}", length):
            return self._answer(411)
        if int(length) > BODY_BYTES_MAX:
            return self._answer(413)
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            verify(self.secret, headers, body, time.time())
            last = self.inbox.take(headers["webhook-id"], body)
        except NotVerified as reason:
            print(f"refused: {reason}", file=sys.stderr, flush=True)
            return self._answer(400)
        except Exception as error:
            print(f"not handled: {error!r}", file=sys.stderr, flush=True)
            return self._answer(500)
        self._answer(204)
        if last:
            self.server.shutdown()
        return None

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing: what matters is printed above."""


def main() -> int:
    """Receive as the arguments say."""
    parser = argparse.ArgumentParser(description="Receive an order system's fulfilment events.")
    parser.add_argument("--port", type=int, default=8080, help="0: any that is free")
    parser.add_argument("--count", type=int, default=0, help="end after so many events; 0: never")
    options = parser.parse_args()
    Receiver.secret = os.environ.get("WEBHOOK_SECRET", "")
    Receiver.inbox = Inbox(options.count)
    try:
        key_of(Receiver.secret)
    except ValueError as error:
        parser.error(f"WEBHOOK_SECRET: {error}")
    with ThreadingHTTPServer(("127.0.0.1", options.port), Receiver) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", file=sys.stderr, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
