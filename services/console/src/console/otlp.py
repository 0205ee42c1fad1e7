"""Traces come in: OTLP/HTTP (opentelemetry-proto 1.x), as protobuf, plain or gzipped."""

import zlib
from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Request, Response
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from shared.http.problem import Problem
from shared.observability.spans import Span
from shared.service import Running

from console import store

PROTOBUF = "application/x-protobuf"
BYTES_MAX = 4 * 1024 * 1024
TEXT_LENGTH_MAX = 300
ID_BYTES = (16, 8)


def routes(router: APIRouter, running: Running, keeps: bool) -> None:
    """``keeps`` False: what comes is read, and none of it is kept."""

    @router.post("/v1/traces")
    async def receive(request: Request) -> Response:
        if request.headers.get("content-type") != PROTOBUF:
            raise Problem(415, "unsupported-media-type", f"Only {PROTOBUF} is read.")
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = _unpacked(body)
        try:
            spans = list(read_request(body))
        except (DecodeError, ValueError) as error:
            raise Problem(400, "no-export-request", "This is no export request.") from error
        if keeps and spans:
            async with running.pool.acquire() as db:
                await store.insert_spans(db, spans)
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, media_type=PROTOBUF)


def read_request(body: bytes) -> Iterator[Span]:
    """The spans of an export request, without those whose ids are none (OTLP: 16 and 8 bytes).

    Raises ``DecodeError`` when it is no request.
    """
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    for resource in request.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name", "unknown")
        for scope in resource.scope_spans:
            for span in scope.spans:
                if (len(span.trace_id), len(span.span_id)) == ID_BYTES:
                    yield _span(span, service)


def _span(span: trace_pb2.Span, service: str) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name[:TEXT_LENGTH_MAX],
        service=service,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
        links=tuple(link.trace_id.hex() for link in span.links),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, str]:
    return {pair.key: _text(pair.value) for pair in pairs}


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    return "" if kind is None else str(getattr(value, kind))[:TEXT_LENGTH_MAX]


def _unpacked(body: bytes) -> bytes:
    """Raises ``Problem`` when it is no gzip, or would fill the memory."""
    try:
        unpack = zlib.decompressobj(wbits=31)
        whole = unpack.decompress(body, BYTES_MAX)
    except zlib.error as error:
        raise Problem(400, "malformed-gzip", "The body is no gzip.") from error
    if unpack.unconsumed_tail:
        raise Problem(413, "body-too-large", f"The limit is {BYTES_MAX} bytes.")
    return whole
