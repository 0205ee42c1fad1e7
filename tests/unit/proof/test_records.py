"""The independent reader takes events apart by itself."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from tests.proof.judges.kafka import decode, disorder, fates, first_occurrences
from tests.unit.proof.histories import CONFIRMED, told


def record(**changed: Any) -> Any:
    made = {
        "topic": "one.orders.events.v1",
        "partition": 2,
        "offset": 7,
        "key": b"ord_1",
        "value": b'{"total_minor": 5}',
        "headers": (("ce_id", b"e1"), ("ce_source", b"/o"), ("ce_sequence", b"0000000003")),
        "timestamp": 11,
    }
    return SimpleNamespace(**{**made, **changed})


def test_an_event_is_its_headers_and_its_json() -> None:
    found = decode(record(), "one.")

    assert (found.topic, found.partition, found.offset, found.at) == ("orders.events.v1", 2, 7, 11)
    assert (found.key, found.data, found.id) == ("ord_1", {"total_minor": 5}, ("/o", "e1"))
    assert found.sequence == 3


def test_what_nobody_can_read_is_still_a_record() -> None:
    found = decode(record(key=None, value=b"\xff{", headers=(("ce_id", None), ("x", b"\xff"))), "")

    assert (found.key, found.data, found.sequence) == ("", None, -1)


def test_a_repetition_does_not_move_what_was_told_first() -> None:
    one, two, three = (told(CONFIRMED, "x", number) for number in (1, 2, 3))

    assert first_occurrences([one, two, one, three]) == [one, two, three]
    assert disorder([one, two, one, three]) == []


def test_one_id_in_two_topics_is_two_events() -> None:
    one = told(CONFIRMED, "x", 1)

    assert len(first_occurrences([one, replace(one, topic="payments.events.v1")])) == 2


def test_a_fate_is_what_the_orders_topic_says_in_its_order() -> None:
    records = [told(CONFIRMED, "placed", 1), told(CONFIRMED, "confirmed", 2)]

    fate = fates([*records, *records, told(CONFIRMED, "cancelled", 3)])[CONFIRMED]

    assert fate.families == ["placed", "confirmed", "cancelled"]
    assert fate.outcomes == ["confirmed", "cancelled"]
    assert not fate.lives
    assert fates(records)[CONFIRMED].lives
