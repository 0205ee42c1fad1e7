"""An attempt is a span in its order's trace, and tells nobody what a partner's address hides."""

import json
from dataclasses import replace
from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from shared.messaging.envelope import Record

from tests.support.fulfilment import opened
from tests.support.partner_world import PartnerWorld
from tests.support.receivers import Receivers

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = f"00-{TRACE_ID}-b7ad6b7169203331-01"
UNSAMPLED = f"00-{TRACE_ID}-b7ad6b7169203331-00"
Json = dict[str, Any]


def placed_in(traceparent: str, record: Record) -> Record:
    others = [(name, value) for name, value in record.headers if name != "traceparent"]
    return replace(record, headers=[*others, ("traceparent", traceparent.encode())])


def spans(exporter: InMemorySpanExporter, kind: SpanKind) -> list[Json]:
    found = [one for one in exporter.get_finished_spans() if one.kind is kind]
    return [json.loads(one.to_json()) for one in found]


async def test_each_attempt_is_a_client_span_below_what_recorded_the_event(
    world: PartnerWorld, partner_servers: Receivers, exported: InMemorySpanExporter
) -> None:
    answers = iter(("fail", "ok"))
    partner_servers.behave("north?token=hidden", lambda _: next(answers))
    key = await world.add_partner("north")
    told = await world.register(key, partner_servers.url("ok", "north") + "?token=hidden")
    await world.process([placed_in(SAMPLED, world.record(opened("ord_1")))])
    await world.send_all()
    world.clock.move(world.ROTATION)
    await world.send_all()

    failed, received = spans(exported, SpanKind.CLIENT)
    consumed = spans(exported, SpanKind.CONSUMER)
    [recorded] = [one for one in consumed if one["context"]["trace_id"] == f"0x{TRACE_ID}"]
    for one in (failed, received):
        assert one["context"]["trace_id"] == f"0x{TRACE_ID}"
        assert one["parent_id"] == recorded["context"]["span_id"]
        assert one["attributes"]["http.request.method"] == "POST"
        assert one["attributes"]["url.full"] == partner_servers.url("ok", "north")
        assert one["attributes"]["server.address"] == "127.0.0.1"
        assert one["attributes"]["server.port"] == partner_servers.port
        assert one["attributes"]["orderproof.order_id"] == "ord_1"
        assert one["attributes"]["orderproof.endpoint_id"] == told["endpoint_id"]
        assert "hidden" not in json.dumps(one)
    assert failed["attributes"]["http.response.status_code"] == 500
    assert failed["attributes"]["error.type"] == "500"
    assert failed["status"]["status_code"] == "ERROR"
    assert received["attributes"]["http.response.status_code"] == 204
    assert received["status"]["status_code"] == "UNSET"


async def test_an_order_that_is_not_sampled_makes_no_span(
    world: PartnerWorld, partner_servers: Receivers, exported: InMemorySpanExporter
) -> None:
    key = await world.add_partner("north")
    await world.register(key, partner_servers.url("ok", "north"))
    await world.process([placed_in(UNSAMPLED, world.record(opened("ord_1")))])
    await world.send_all()

    assert len(partner_servers.received) == 1
    assert spans(exported, SpanKind.CLIENT) == []
    [row] = await world.fetch("SELECT traceparent FROM partner_events")
    assert row["traceparent"] == UNSAMPLED
