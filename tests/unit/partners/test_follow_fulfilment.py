"""The partners' sample tells new events from duplicates, and both from what is out of order."""

import ssl
import sys

import pytest
from shared.contracts.inventory import FulfilmentOrderCancelled
from shared.messaging.envelope import encode_headers

from docs.partners.follow_fulfilment import (
    FulfilmentEvent,
    SequenceCheck,
    Verdict,
    main,
    read_event,
    security,
)
from tests.support.mailed_orders import PLACED_AT

NEW, DUPLICATE, OUT_OF_ORDER = Verdict.NEW, Verdict.DUPLICATE, Verdict.OUT_OF_ORDER


def event(sequence: int, event_id: str = "", order_id: str = "ord_1") -> FulfilmentEvent:
    return FulfilmentEvent("/s", event_id or f"evt_{sequence}", "t.v1", order_id, sequence, {})


def verdicts(check: SequenceCheck, *events: FulfilmentEvent) -> list[Verdict]:
    return [check.see(one) for one in events]


def test_events_in_sequence_are_new() -> None:
    assert verdicts(SequenceCheck(True), event(1), event(2), event(3)) == [NEW] * 3


def test_orders_are_judged_apart() -> None:
    seen = verdicts(SequenceCheck(True), event(1), event(1, order_id="ord_2"), event(2))

    assert seen == [NEW] * 3


def test_an_event_that_comes_again_is_a_duplicate() -> None:
    seen = verdicts(SequenceCheck(True), event(1), event(2), event(1), event(2), event(3))

    assert seen == [NEW, NEW, DUPLICATE, DUPLICATE, NEW]


def test_one_id_of_two_sources_is_two_events() -> None:
    other = FulfilmentEvent("/other", "evt_1", "t.v1", "ord_1", 2, {})

    assert verdicts(SequenceCheck(True), event(1), other) == [NEW, NEW]


def test_a_gap_is_out_of_order_once() -> None:
    seen = verdicts(SequenceCheck(True), event(1), event(3), event(4))

    assert seen == [NEW, OUT_OF_ORDER, NEW]


def test_what_comes_after_its_successor_is_out_of_order_and_no_new_start() -> None:
    seen = verdicts(SequenceCheck(True), event(1), event(3), event(2), event(4))

    assert seen == [NEW, OUT_OF_ORDER, OUT_OF_ORDER, NEW]


def test_another_event_under_a_number_that_was_used_is_out_of_order() -> None:
    assert verdicts(SequenceCheck(True), event(1), event(1, "evt_x")) == [NEW, OUT_OF_ORDER]


@pytest.mark.parametrize(("from_beginning", "verdict"), [(True, OUT_OF_ORDER), (False, NEW)])
def test_an_order_may_be_met_in_its_middle_only_from_a_stored_position(
    from_beginning: bool, verdict: Verdict
) -> None:
    assert SequenceCheck(from_beginning).see(event(5)) is verdict


def test_the_order_heard_of_longest_ago_is_forgotten() -> None:
    check = SequenceCheck(False, orders_max=2)
    verdicts(check, event(1), event(1, order_id="ord_2"), event(2), event(1, order_id="ord_3"))

    assert check.see(event(2)) is DUPLICATE
    assert check.see(event(7, order_id="ord_2")) is NEW


def test_a_record_as_the_system_writes_it_is_read() -> None:
    told = FulfilmentOrderCancelled(order_id="ord_1", fulfilment_order_id="ful_1")
    headers = encode_headers(told, "evt_1", PLACED_AT, 3, "")
    read = read_event(headers, told.model_dump_json().encode())

    assert (read.order_id, read.sequence, read.id) == ("ord_1", 3, "evt_1")
    assert read.type == "fulfilment.fulfilment-order-cancelled.v1"
    assert read.data["fulfilment_order_id"] == "ful_1"


def test_without_a_user_nothing_is_said_of_one() -> None:
    assert security(None, "", None) == {}


def test_a_user_is_named_over_tls_to_a_server_that_is_checked() -> None:
    told = security("acme", "secret", None)
    context = told.pop("ssl_context")

    assert told == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "acme",
        "sasl_plain_password": "secret",
    }
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize("option", [["--username", "acme"], ["--ca-file", "ca.pem"]])
def test_half_of_what_a_user_needs_is_refused(
    option: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("KAFKA_PASSWORD", raising=False)
    monkeypatch.setattr(sys, "argv", ["follow", "--bootstrap", "b:1", "--group", "g", *option])

    with pytest.raises(SystemExit):
        main()
    assert option[0] in capsys.readouterr().err
