"""A reader of the fulfilment feed in Python, to copy from: 3.9 or newer, standard library only.

It prints each event, and keeps its place in a file that it writes after it has handled a page.

    export PARTNER_KEY=opk_…
    python3 pull_events.py --url https://orders.example --cursor-file cursor [--once]

With --once it ends when there is no more for now; that is for cron.
Stopped at the wrong moment it reads a page again: an id that you have seen is done.
It waits and goes on when the other side is down; it ends with 1 when it was refused, and prints
the problem (RFC 9457).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

PAGE_EVENTS_MAX = 100
WAIT_S = 20
SOCKET_TIMEOUT_S = 40
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 60.0
TRY_AGAIN = (408, 429, 500, 502, 503, 504)


class Refusal(Exception):
    """The answer is no, and the same request will get it again."""


class NoRedirects(HTTPRedirectHandler):
    """The key goes to the address you gave, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        """A redirect is an error like any other."""


class Feed:
    """The events after a cursor, page by page."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/") + "/v1/fulfilment-events"
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._opener = build_opener(NoRedirects)

    def page(self, after: str, limit: int, wait_s: int) -> dict[str, Any]:
        """The next page, however often it must be asked for. Raises ``Refusal``."""
        query = {"limit": str(limit), "wait_s": str(wait_s)}
        if after:
            query["after"] = after
        request = Request(f"{self._url}?{urlencode(query)}", headers=self._headers)  # noqa: S310
        bound_s = BACKOFF_FIRST_S
        while True:
            try:
                with self._opener.open(request, timeout=SOCKET_TIMEOUT_S) as response:
                    return dict(json.load(response))
            except HTTPError as error:
                if error.code not in TRY_AGAIN:
                    raise Refusal(error.read().decode("utf-8", "replace") or str(error)) from None
                why, after_s = f"answered {error.code}", error.headers["Retry-After"] or ""
            except (OSError, HTTPException, ValueError) as error:
                why, after_s = repr(error), ""
            pause_s = random.uniform(0, bound_s)  # noqa: S311 - jitter is no secret
            if after_s.isdigit():
                pause_s += int(after_s)
            bound_s = min(2 * bound_s, BACKOFF_MAX_S)
            print(f"again in {pause_s:.1f} s: {why}", file=sys.stderr, flush=True)
            time.sleep(pause_s)


def read_cursor(file: Path) -> str:
    """Where to go on; empty at the very first time, which is the oldest event there is."""
    return file.read_text("utf-8").strip() if file.exists() else ""


def write_cursor(file: Path, cursor: str) -> None:
    """All of it or nothing, whenever the power goes."""
    written = file.with_name(file.name + ".new")
    with written.open("w", encoding="utf-8") as out:
        out.write(cursor + "\n")
        out.flush()
        os.fsync(out.fileno())
    written.replace(file)


def pages(feed: Feed, cursor_file: Path, count: int, once: bool) -> Iterator[list[dict[str, Any]]]:
    """Pages of events; the place is kept when the next one is asked for, and at the end."""
    cursor, handled = read_cursor(cursor_file), 0
    while True:
        limit = min(PAGE_EVENTS_MAX, count - handled) if count else PAGE_EVENTS_MAX
        page = feed.page(cursor, limit, 0 if once else WAIT_S)
        yield page["events"]
        # Only now: whoever keeps the place first and is stopped then has lost the page.
        if page["next_cursor"] and page["next_cursor"] != cursor:
            cursor = page["next_cursor"]
            write_cursor(cursor_file, cursor)
        handled += len(page["events"])
        if (count and handled >= count) or (once and not page["has_more"]):
            return


def handle(event: dict[str, Any]) -> None:
    """Your work goes here. Skip an id that you have seen, and types that you do not know."""
    line = f"{event['order_id']} #{event['sequence']} {event['type']} {json.dumps(event['data'])}"
    print(line, flush=True)


def main() -> int:
    """Read the feed as the arguments say."""
    parser = argparse.ArgumentParser(description="Read an order system's fulfilment events.")
    parser.add_argument("--url", required=True, help="where the system answers, https://…")
    parser.add_argument("--cursor-file", type=Path, required=True, help="your place is kept here")
    parser.add_argument("--count", type=int, default=0, help="end after so many events; 0: never")
    parser.add_argument("--once", action="store_true", help="end when there is no more for now")
    options = parser.parse_args()
    key = os.environ.get("PARTNER_KEY", "")
    if not key:
        parser.error("PARTNER_KEY: the key that you were given, opk_…")
    try:
        for events in pages(
            Feed(options.url, key), options.cursor_file, options.count, options.once
        ):
            for event in events:
                handle(event)
    except Refusal as refusal:
        print(f"refused: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
