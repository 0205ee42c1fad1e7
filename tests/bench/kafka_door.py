"""Orders by Kafka, as a storefront's topic takes them."""

from collections.abc import Callable
from random import random
from secrets import token_hex

from confluent_kafka import KafkaError, Message, Producer

from tests.bench.completions import LOG_LEVEL
from tests.bench.orders import Order

TOPIC = "storefront.orders.v1"
FLUSH_TIMEOUT_S = 10.0


class KafkaDoor:
    """``failed`` hears the reference of an order that the broker has not taken.

    Of the traces that orders come in the share ``sampled`` is to be kept; None sends no trace.
    """

    told_again = 0

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        failed: Callable[[str, str], None],
        sampled: float | None = None,
    ) -> None:
        self._topic = prefix + TOPIC
        self._failed = failed
        self._sampled = sampled
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 1,
                "log_level": LOG_LEVEL,
                "delivery.report.only.error": True,
                "queue.buffering.max.messages": 1_000_000,
                "on_delivery": self._delivered,
            }
        )

    async def open(self) -> None:
        """The first order must not pay for the connection."""
        self._producer.list_topics(self._topic, FLUSH_TIMEOUT_S)

    def place(self, order: Order, scheduled_at: float) -> None:
        key = order.reference.encode()
        headers: list[tuple[str, str | bytes | None]] = [
            ("ce_specversion", b"1.0"),
            ("ce_id", key),
            ("ce_type", b"storefront.order-submitted.v1"),
            ("ce_source", b"/bench"),
            ("content-type", b"application/json"),
        ]
        if self._sampled is not None:
            headers.append(("traceparent", traceparent(kept=random() < self._sampled)))
        self._producer.produce(self._topic, order.body, key, headers=headers)
        self._producer.poll(0)

    async def close(self) -> None:
        self._producer.flush(FLUSH_TIMEOUT_S)

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed((message.key() or b"").decode(), str(error))


def traceparent(*, kept: bool) -> str:
    """A new trace, by W3C Trace Context."""
    return f"00-{token_hex(16)}-{token_hex(8)}-{int(kept):02}"
