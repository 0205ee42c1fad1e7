"""A log is read by people in a terminal and by programs behind a pipe: one form for each."""

import io
import json
import logging
import re
import sys

import pytest
import structlog
from shared.observability import tracing

from tests.support.logs import logs_as_of_a_service

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
COLOUR = re.compile(r"\x1b\[[\d;]*m")


class Stderr(io.StringIO):
    """A terminal, or a pipe."""

    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def logged(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> list[str]:
    """Two lines about an order: one of our own, and one of a library, without its colours."""
    stderr = Stderr(is_terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    with logs_as_of_a_service("orders"), tracing.within(TRACEPARENT):
        structlog.get_logger().warning("event-failed", order_id="ord_1", error="KeyError")
        logging.getLogger("library").error("no answer from %s", "broker-1")
    return COLOUR.sub("", stderr.getvalue()).splitlines()


def test_behind_a_pipe_a_line_is_one_json_object_with_trace_and_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, library = map(json.loads, logged(monkeypatch, is_terminal=False))

    assert ours.pop("timestamp").endswith("Z")
    assert ours == {
        "event": "event-failed",
        "level": "warning",
        "order_id": "ord_1",
        "error": "KeyError",
        "trace_id": TRACE_ID,
        "service": "orders",
        "instance": "orders-0",
    }
    assert (library["event"], library["trace_id"]) == ("no answer from broker-1", TRACE_ID)


def test_in_a_terminal_a_line_begins_with_time_level_and_event_and_says_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, library = logged(monkeypatch, is_terminal=True)

    assert re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[warning *\] event-failed ", ours)
    told = ("order_id=ord_1", "error=KeyError", f"trace_id={TRACE_ID}", "service=orders")
    assert set(told) <= set(ours.split())
    assert "no answer from broker-1" in library
    assert f"trace_id={TRACE_ID}" in library.split()
