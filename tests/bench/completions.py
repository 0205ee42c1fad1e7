"""How orders end, as a reader of Kafka outside of the services hears of it."""

import threading
import time
from collections.abc import Callable
from typing import cast

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

TOPIC = "orders.events.v1"
CONFIRMED = b"orders.order-confirmed.v1"
OTHERWISE = frozenset(
    {
        b"orders.order-rejected.v1",
        b"orders.order-expired.v1",
        b"orders.order-cancelled.v1",
        b"orders.storefront-order-refused.v1",
    }
)
REFERENCE = b'"client_reference":"'
ASK_TIMEOUT_S = 10.0
POLL_S = 0.1
BATCH = 1_000
# Of syslog: critical.
LOG_LEVEL = 2

# The client's references that have ended, whether they were confirmed, and when that was heard.
Heard = Callable[[list[tuple[str, bool]], float], None]


class Completions:
    """Reads in a thread of its own from the present end on; ``heard`` is called in it."""

    def __init__(self, bootstrap: str, prefix: str, heard: Heard) -> None:
        self._heard = heard
        self._stopped = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "bench-outside",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 100,
                # That a broker is away may be what is measured.
                "log_level": LOG_LEVEL,
            }
        )
        self._consumer.assign(self._ends(prefix + TOPIC))
        self._thread = threading.Thread(target=self._read, name="completions", daemon=True)
        self.trouble = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(ASK_TIMEOUT_S)
        self._consumer.close()

    def _ends(self, topic: str) -> list[TopicPartition]:
        found = self._consumer.list_topics(topic, ASK_TIMEOUT_S).topics[topic].partitions
        ends = []
        for number in found:
            place = TopicPartition(topic, number)
            _, end = self._consumer.get_watermark_offsets(place, ASK_TIMEOUT_S)
            ends.append(TopicPartition(topic, number, end))
        return ends

    def _read(self) -> None:
        try:
            while not self._stopped.is_set():
                self._read_some()
        except KafkaException as error:
            self.trouble = str(error)

    def _read_some(self) -> None:
        first = self._consumer.poll(POLL_S)
        if first is None:
            return
        now = time.monotonic()
        # What has come with it; more of them are not waited for.
        messages = [first, *self._consumer.consume(BATCH, 0)]
        ended = [one for one in map(ending, messages) if one is not None]
        if ended:
            self._heard(ended, now)


def ending(message: Message) -> tuple[str, bool] | None:
    """The reference and whether it was confirmed; None when the event ends nothing."""
    if message.error() is not None:
        return None
    told = _type_of(message)
    if told != CONFIRMED and told not in OTHERWISE:
        return None
    value = message.value() or b""
    start = value.find(REFERENCE)
    if start < 0:
        return None
    start += len(REFERENCE)
    return value[start : value.index(b'"', start)].decode(), told == CONFIRMED


def _type_of(message: Message) -> bytes:
    headers = cast("list[tuple[str, bytes]]", message.headers() or [])
    return next((raw for name, raw in headers if name == "ce_type"), b"")
