"""The independent reader takes events apart by itself."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.proof.judges.kafka import Reader, decode, disorder, fates, first_occurrences
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

    assert fate.life == ["placed", "confirmed", "cancelled"]
    assert fate.outcomes == ["confirmed", "cancelled"]
    assert not fate.lives
    assert fates(records)[CONFIRMED].lives


class Log:
    """A consumer of three partitions of five records that hands out two of them at a time."""

    def __init__(self) -> None:
        self.partitions = [TopicPartition("one.orders.events.v1", number) for number in range(3)]
        self.ends = dict.fromkeys(self.partitions, 5)
        self.at = dict.fromkeys(self.partitions, 0)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: self.ends[one] for one in partitions}

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int) -> dict[Any, list[Any]]:
        given = {}
        for one in partitions:
            first, self.at[one] = self.at[one], min(self.at[one] + 2, self.ends[one])
            offsets = range(first, self.at[one])
            given[one] = [record(partition=one.partition, offset=offset) for offset in offsets]
        return {one: found for one, found in given.items() if found}


async def test_every_partition_is_read_to_its_end_and_then_on() -> None:
    log, reader = Log(), Reader("kafka", "one.", {("one.orders.events.v1", 1): 5})
    log.at[log.partitions[1]] = 5
    reader._partitions = log.partitions
    reader._consumer = cast(AIOKafkaConsumer, log)

    places = [(one.partition, one.offset) for one in await reader.more()]
    assert sorted(places) == [(partition, offset) for partition in (0, 2) for offset in range(5)]
    assert await reader.more() == []

    log.ends[log.partitions[1]] = 6
    assert [(one.partition, one.offset) for one in await reader.more()] == [(1, 5)]
    assert set(reader.offsets.values()) == {5, 6}
