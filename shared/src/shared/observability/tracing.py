"""Thin tracing: W3C contexts kept in rows and headers, spans only where something happens."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, lru_cache

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags
from opentelemetry.util.types import AttributeValue

LINKS_MAX = 128
TRACEPARENT_LENGTH = 55
CONTEXTS_KEPT_MAX = 4_096  # A batch asks for each of its contexts several times.
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")

Attributes = Mapping[str, AttributeValue]


def set_up(service: str, instance: str, exporter: SpanExporter | None) -> TracerProvider:
    """One provider per process. Without an exporter contexts still travel, unsampled."""
    resource = Resource.create({"service.name": service, "service.instance.id": instance})
    provider = (
        TracerProvider(resource=resource)
        if exporter is not None
        else TracerProvider(resource=resource, sampler=ALWAYS_OFF)
    )
    if exporter is not None:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(provider)
    return provider


def traceparent_of(context: SpanContext) -> str:
    """The context as a W3C ``traceparent``; empty when there is none."""
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def current_traceparent() -> str:
    return traceparent_of(trace.get_current_span().get_span_context())


def parse_traceparent(text: str) -> SpanContext | None:
    """W3C Trace Context 3.2; anything else counts as no context."""
    # What is kept must be short: the header is anybody's.
    return _parsed(text) if len(text) == TRACEPARENT_LENGTH else None


@lru_cache(CONTEXTS_KEPT_MAX)
def _parsed(text: str) -> SpanContext | None:
    match = _TRACEPARENT.match(text)
    if match is None:
        return None
    context = SpanContext(
        trace_id=int(match[1], 16),
        span_id=int(match[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(match[3], 16)),
    )
    return context if context.is_valid else None


def normal_traceparent(text: str) -> str:
    """``text`` as we write it, in version 00; empty when it is no context."""
    context = parse_traceparent(text)
    if context is None or text.startswith("00-"):
        return text if context else ""
    return traceparent_of(context)


@cache
def _tracer(provider: trace.TracerProvider) -> trace.Tracer:
    """Made once: a provider makes a new one at each call, for more than a whole span costs."""
    return provider.get_tracer("orderproof")


@contextmanager
def span(
    name: str, kind: SpanKind, traceparent: str = "", attributes: Attributes | None = None
) -> Iterator[Span]:
    """A span below ``traceparent``, or below the current one when that is empty.

    Below one that is not sampled there is no other: effects carry on its own context.
    """
    remote = parse_traceparent(traceparent)
    above = NonRecordingSpan(remote) if remote else trace.get_current_span()
    if _is_left_out(above.get_span_context()):
        token = attach(trace.set_span_in_context(above)) if remote else None
        try:
            yield above
        finally:
            if token is not None:
                detach(token)
        return
    context = trace.set_span_in_context(above) if remote else None
    tracer = _tracer(trace.get_tracer_provider())
    with tracer.start_as_current_span(name, context, kind, attributes) as current:
        yield current


def is_left_out(traceparent: str) -> bool:
    """Whether it is a context below which there is no span."""
    context = parse_traceparent(traceparent)
    return context is not None and _is_left_out(context)


def _is_left_out(context: SpanContext) -> bool:
    """Whether whoever began its trace has decided that nothing is told of it."""
    return context.is_valid and not context.trace_flags.sampled


@contextmanager
def within(traceparent: str) -> Iterator[None]:
    """What is logged meanwhile is of that trace; no span tells of it."""
    remote = parse_traceparent(traceparent)
    if remote is None:
        yield
        return
    token = attach(trace.set_span_in_context(NonRecordingSpan(remote)))
    try:
        yield
    finally:
        detach(token)


def message_span(name: str, traceparent: str, spans: ExitStack) -> str:
    """Begin one message's span, which ends with ``spans``; gives the context its effects carry on.

    A message without a context begins a trace of its own; one that is not sampled stays so.
    """
    if is_left_out(traceparent):
        return traceparent
    remote = parse_traceparent(traceparent)
    tracer = _tracer(trace.get_tracer_provider())
    context = trace.set_span_in_context(NonRecordingSpan(remote)) if remote else Context()
    current = tracer.start_span(name, context, SpanKind.CONSUMER)
    spans.callback(current.end)
    return traceparent_of(current.get_span_context())


@contextmanager
def batch_span(name: str, traceparents: Sequence[str]) -> Iterator[Span]:
    """A span for a whole batch, in a trace of its own, linked to what it holds."""
    tracer = _tracer(trace.get_tracer_provider())
    with tracer.start_as_current_span(
        name,
        Context(),
        SpanKind.CONSUMER,
        {"messaging.batch.message_count": len(traceparents), "messaging.system": "kafka"},
        links(traceparents),
    ) as current:
        yield current


def links(traceparents: Sequence[str]) -> list[Link]:
    """Links to the sampled contexts of a batch, at most ``LINKS_MAX``."""
    contexts = (parse_traceparent(text) for text in traceparents)
    return [Link(one) for one in contexts if one and one.trace_flags.sampled][:LINKS_MAX]
