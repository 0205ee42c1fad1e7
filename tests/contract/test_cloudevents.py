"""Our envelope is CloudEvents 1.0 in Kafka's binary mode; the SDK and the conformance judge."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from shared.contracts.catalogue import EVENTS
from shared.contracts.event import Event
from shared.contracts.storefront import OrderSubmitted
from shared.messaging.envelope import Record, encode_headers
from shared.messaging.parse import Known, Parsed, Poison, parse

from tests.architecture.source import ROOT
from tests.contract.gherkin import Scenario, read_scenarios
from tests.contract.stored import FOLDER

CORPORA = Path(os.environ.get("ORDERPROOF_CORPORA", ROOT.parent / "shared" / "data"))
FEATURE = CORPORA / "cloudevents_kafka_binding.feature"
AT = datetime(2026, 11, 2, 8, 26, tzinfo=UTC)
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OURS = [name for name in EVENTS if not name.startswith("storefront.")]


class SomeEvent(Event):
    """The conformance scenarios' event."""

    type: ClassVar[str] = "com.example.someevent"
    topic: ClassVar[str] = "some.topic.v1"
    order_id: str = ""
    message: str


def published(event_type: str) -> tuple[Event, KafkaMessage]:
    """A sample as our services would send it."""
    event = EVENTS[event_type].from_json((FOLDER / f"{event_type}.json").read_bytes())
    headers = encode_headers(event, "evt_1", AT, 7, TRACEPARENT)
    return event, KafkaMessage(dict(headers), event.key.encode(), event.model_dump_json().encode())


def received(message: KafkaMessage, *known: type[Event]) -> Parsed:
    """What our reader makes of a message."""
    key = message.key.encode() if isinstance(message.key, str) else message.key
    record = Record("some.topic.v1", 0, 0, key, message.value, list(message.headers.items()))
    types = {event.type: event for event in known}
    return parse(record, types, set(types) | {one.type.rpartition(".v")[0] for one in known})


@pytest.mark.parametrize("event_type", OURS)
def test_the_sdk_reads_what_we_send(event_type: str) -> None:
    event, message = published(event_type)

    read = from_kafka(message, JSONFormat())

    assert read.get_id() == "evt_1"
    assert read.get_type() == event_type
    assert read.get_source() == f"/orderproof/{event.topic}"
    assert read.get_specversion() == "1.0"
    assert read.get_time() == AT
    assert read.get_subject() == event.key
    assert read.get_datacontenttype() == "application/json"
    assert read.get_dataschema() == f"urn:orderproof:schema:{event_type}"
    assert read.get_extension("partitionkey") == event.key
    assert read.get_extension("sequence") == "0000000007"
    assert read.get_data() == json.loads(message.value)


@pytest.mark.parametrize("event_type", EVENTS)
def test_we_read_what_the_sdk_sends(event_type: str) -> None:
    """Storefronts may use any CloudEvents library."""
    event_class = EVENTS[event_type]
    data = json.loads((FOLDER / f"{event_type}.json").read_bytes())
    key = event_class.from_json(json.dumps(data).encode()).key
    attributes = {
        "id": "1", "source": "/shop", "type": event_type, "specversion": "1.0",
        "datacontenttype": "application/json", "partitionkey": key or "web-536365",
    }  # fmt: skip

    read = received(to_binary(CloudEvent(attributes, data), JSONFormat()), event_class)

    assert isinstance(read, Known), read
    assert (read.identity.source, read.identity.id) == ("/shop", "1")
    assert read.event == event_class.from_json(json.dumps(data).encode())


def test_the_trace_context_travels_as_a_plain_header() -> None:
    """W3C Trace Context has its own headers; ``ce_traceparent`` would be another attribute."""
    _, message = published("orders.order-confirmed.v1")

    assert message.headers["traceparent"] == TRACEPARENT.encode()
    assert "ce_traceparent" not in message.headers


def test_without_a_trace_there_is_no_empty_header() -> None:
    event, _ = published("orders.order-confirmed.v1")

    assert "traceparent" not in dict(encode_headers(event, "evt_1", AT, 1, ""))


def scenarios() -> list[Scenario]:
    return read_scenarios(FEATURE.read_text("utf-8")) if FEATURE.is_file() else []


def test_the_conformance_scenarios_are_there() -> None:
    if FEATURE.is_file():
        assert len(scenarios()) == 3
    elif os.environ.get("CI") == "true":
        pytest.fail(f"{FEATURE.name} is missing; set ORDERPROOF_CORPORA to its folder")
    else:
        pytest.skip(f"{FEATURE.name} not found; set ORDERPROOF_CORPORA to its folder")


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda one: one.name)
def test_a_conformance_scenario(scenario: Scenario) -> None:
    """Binary mode is read. Structured mode is CloudEvents too, and is set aside, never lost."""
    headers = {name: value.encode() for name, value in scenario.headers.items()}
    message = KafkaMessage(headers, b"", scenario.payload)

    ours = received(message, SomeEvent)

    if scenario.name.startswith("Binary"):
        assert isinstance(ours, Known)
        assert ours.event.model_dump(include={"message"}) == scenario.data
        assert (ours.identity.id, ours.identity.source) == (
            scenario.attributes["id"], scenario.attributes["source"],
        )  # fmt: skip
    else:
        assert isinstance(ours, Poison)
        assert ours.reason == "bad-envelope"
    assert_oracle_agrees(message, scenario.attributes, scenario.data)


def assert_oracle_agrees(message: KafkaMessage, attributes: Mapping[str, str], data: Any) -> None:
    """The scenario means what we think it means: the SDK reads it so."""
    read = from_kafka(message, JSONFormat())

    for name, value in attributes.items():
        told = read.get_attributes()[name]
        told = told.isoformat().replace("+00:00", "Z") if isinstance(told, datetime) else told
        assert told == value
    assert read.get_data() == data


def test_a_submission_keeps_its_body_as_it_came() -> None:
    """What is wrong with it is told to the storefront, so reading it must not fail."""
    data: dict[str, Any] = {"lines": [], "unknown": 1.5}
    attributes = {
        "id": "1", "source": "/shop", "type": OrderSubmitted.type, "specversion": "1.0",
        "datacontenttype": "application/json", "partitionkey": "web-1",
    }  # fmt: skip

    read = received(to_binary(CloudEvent(attributes, data), JSONFormat()), OrderSubmitted)

    assert isinstance(read, Known)
    assert isinstance(read.event, OrderSubmitted)
    assert read.event.body == data
