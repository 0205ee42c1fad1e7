"""Logs: one JSON object a line in services, readable in a terminal; never personal data."""

import logging
import math
import sys
from collections.abc import MutableMapping
from time import monotonic
from typing import Any

import structlog
from opentelemetry import trace

from shared.observability.telling import tell_where

QUIET = ("aiokafka", "asyncio", "faststream", "opentelemetry", "uvicorn")
REPEATING = "aiokafka"  # Each of its clients tries ten times a second, and tells of each time.
SAID_AGAIN_AFTER_S, KINDS_MAX = 10.0, 1_000
SILENT = ("kafka-consumer", "uvicorn.error")  # What matters of these is logged by our own code.


def set_up(service: str, instance: str) -> None:
    """Send structlog's and the standard library's lines to stderr in one shape."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    # Before either: a terminal's own tracebacks would show local variables.
    render: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(lambda info: tell_where(info[1])),
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[*render, renderer]
        )
    )
    handler.addFilter(Seldom())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service, instance=instance)


class Seldom(logging.Filter):
    """While a broker is away: one line of each kind in ``SAID_AGAIN_AFTER_S``, not hundreds."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(REPEATING):
            return True
        kind, now = (record.name, str(record.msg)), monotonic()
        if now - self._said_at.get(kind, -math.inf) < SAID_AGAIN_AFTER_S:
            return False
        if len(self._said_at) >= KINDS_MAX:
            self._said_at.clear()
        self._said_at[kind] = now
        return True


def _add_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event
