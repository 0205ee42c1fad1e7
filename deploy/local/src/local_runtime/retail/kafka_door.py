"""Orders over Kafka: submitted as events, their outcomes learnt from the orders' topic."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import count

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.errors import KafkaError
from shared.contracts import orders, topics
from shared.contracts.event import Event
from shared.contracts.storefront import OrderSubmitted
from shared.messaging.envelope import encode_headers
from shared.messaging.kafka import KafkaConnection, new_producer

from local_runtime.retail.fates import (
    DECIDED_TIMEOUT_S,
    Fate,
    Seen,
    fate_of,
    refused,
    unanswered,
    undecided,
)
from local_runtime.retail.orders import REFERENCE_PREFIX, SaleOrder

SEND_ATTEMPTS_MAX = 5
SEND_TIMEOUT_S = 60.0
OUTCOMES: Mapping[str, type[Event]] = {one.type: one for one in orders.EVENTS}
# This reference has an order already, and the topic tells what became of that.
KNOWN = "reference-reused"


@dataclass
class Outcomes:
    """What the orders' topic tells of the orders that this command places."""

    placed: dict[str, Seen] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    told: dict[str, asyncio.Event] = field(default_factory=lambda: defaultdict(asyncio.Event))

    def hear(self, event: Event) -> None:
        """Take note of an event; what is repeated says the same again."""
        match event:
            case orders.OrderPlaced(client_reference=reference):
                seen = Seen(event.order_id, "pending", event.total_minor, len(event.lines))
                self.placed.setdefault(reference, seen)
            case orders.OrderConfirmed(client_reference=reference):
                self._decide(reference, "confirmed")
            case orders.OrderRejected(client_reference=reference, reasons=reasons):
                self._decide(reference, "rejected", reasons)
            case orders.OrderExpired(client_reference=reference):
                self._decide(reference, "expired")
            case orders.OrderCancelled(client_reference=reference):
                self._decide(reference, "cancelled")
            case orders.StorefrontOrderRefused(client_reference=reference, reason=reason):
                if reason != KNOWN:
                    errors = [f"{one.pointer}: {one.detail}" for one in event.errors]
                    self.refusals[reference] = "; ".join([reason, *errors])
                    self.told[reference].set()
            case _:
                pass

    async def of(self, order: SaleOrder) -> Fate:
        """The order's outcome, once it was told."""
        try:
            async with asyncio.timeout(DECIDED_TIMEOUT_S):
                await self.told[order.reference].wait()
        except TimeoutError:
            seen = self.placed.get(order.reference)
            return undecided(seen.order_id if seen else None)
        if order.reference in self.refusals:
            return refused(self.refusals[order.reference])
        return fate_of(order, self.placed[order.reference])

    def _decide(self, reference: str, status: str, reasons: tuple[str, ...] = ()) -> None:
        if reference in self.placed:
            self.placed[reference] = replace(self.placed[reference], status=status, reasons=reasons)
            self.told[reference].set()


@dataclass(frozen=True)
class KafkaDoor:
    """``topic_prefix`` is put before every topic's name."""

    producer: AIOKafkaProducer
    outcomes: Outcomes
    topic_prefix: str

    async def place(self, order: SaleOrder) -> Fate:
        """Submit it, and wait until the orders' topic has told its outcome."""
        for attempt in count(1):
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await self._send(order)
                break
            except (KafkaError, TimeoutError) as error:
                if attempt == SEND_ATTEMPTS_MAX:
                    return unanswered(f"Kafka takes nothing: {error or type(error).__name__}")
        return await self.outcomes.of(order)

    async def _send(self, order: SaleOrder) -> None:
        """One event; its id follows from its content, so that a repetition is recognised."""
        data = json.dumps(order.body, ensure_ascii=False).encode()
        event = OrderSubmitted(body=order.body)
        digest = blake2b(data, digest_size=16).hexdigest()
        headers = encode_headers(event, f"evt_{digest}", datetime.now(UTC), 1, "")
        await self.producer.send_and_wait(
            self.topic_prefix + topics.STOREFRONT_ORDERS,
            data,
            key=event.key.encode(),
            headers=headers,
        )


@asynccontextmanager
async def kafka_door(bootstrap: str, topic_prefix: str) -> AsyncIterator[KafkaDoor]:
    """A door that hears outcomes from the topic's beginning, for orders placed before."""
    outcomes = Outcomes()
    consumer: AIOKafkaConsumer[bytes, bytes] = AIOKafkaConsumer(
        topic_prefix + topics.ORDERS,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        producer = await new_producer(KafkaConnection(bootstrap), "orderproof-replay")
        try:
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(_listen(consumer, outcomes))
                yield KafkaDoor(producer, outcomes, topic_prefix)
                listening.cancel()
        finally:
            await producer.stop()
    finally:
        await consumer.stop()


async def _listen(consumer: "AIOKafkaConsumer[bytes, bytes]", outcomes: Outcomes) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                event = _read(record)
                reference = str(getattr(event, "client_reference", ""))
                if event is not None and reference.startswith(REFERENCE_PREFIX):
                    outcomes.hear(event)


def _read(record: "ConsumerRecord[bytes, bytes]") -> Event | None:
    """The event, None for what this command does not know."""
    kind = next((raw for name, raw in record.headers if name == "ce_type"), b"")
    event = OUTCOMES.get((kind or b"").decode(errors="replace"))
    try:
        return event.from_json(record.value or b"") if event else None
    except ValueError:
        return None
