"""What a reader of Kafka has seen against what a service has counted."""

import pytest
from local_runtime.audit.kafka_reading import Sequenced
from local_runtime.audit.sequences import Told, strange, untold

KEY = b"ord_1"


def heard(*sequences: int, partial: bool = False) -> Told:
    told = Told(partial)
    for one in sequences:
        told.hear(Sequenced(KEY, one))
    return told


@pytest.mark.parametrize(
    ("sequences", "why"),
    [
        ((1, 2, 3), None),
        ((1, 2, 1, 2, 3), None),
        ((1, 3, 2), "3 came after 1"),
        ((1, 2, 4), "4 came after 2"),
        ((2, 3), "begins with 2"),
        ((0,), "begins with 0"),
    ],
)
def test_first_occurrences_are_one_two_three(sequences: tuple[int, ...], why: str | None) -> None:
    assert heard(*sequences).wrong.get(KEY) == why


def test_what_began_before_the_first_record_left_is_taken_from_there() -> None:
    assert heard(7, 8, partial=True).wrong == {}
    assert heard(7, 9, partial=True).wrong == {KEY: "9 came after 7"}


def test_every_key_has_its_own_sequence() -> None:
    told = Told()
    for key in (b"ord_1", b"ord_2"):
        told.hear(Sequenced(key, 1))

    assert told.wrong == {}


def test_what_was_counted_is_there_and_no_more() -> None:
    assert untold([(KEY, 3)], heard(1, 2, 3)) == {}
    assert untold([(KEY, 4)], heard(1, 2, 3)) == {KEY: "4 counted, 3 in Kafka"}
    assert untold([(KEY, 2)], heard(1, 2, 3)) == {KEY: "2 counted, and 3 in Kafka"}
    assert untold([(KEY, 1)], heard()) == {KEY: "1 counted, none in Kafka"}


def test_what_was_never_seen_may_lie_before_what_was_read() -> None:
    assert untold([(KEY, 1)], heard(partial=True)) == {}
    assert untold([(KEY, 3)], heard(2, partial=True)) == {KEY: "3 counted, 2 in Kafka"}


def test_what_nobody_counted_is_strange() -> None:
    assert strange([KEY]) == {KEY: "in Kafka, and counted by nobody"}
