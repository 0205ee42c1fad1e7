"""A partner's consumer of fulfilment.events.v1, to copy from: it needs aiokafka and nothing else.

It prints each event once, sees to it that every order's events come as 1, 2, 3 …, and commits
its position after it has handled an event, so that none is lost when it is stopped anywhere.

    python docs/partners/follow_fulfilment.py --bootstrap 127.0.0.1:9092 --group my-warehouse

With a user of your own, over TLS, your group begins with your prefix:

    export KAFKA_PASSWORD=…
    python docs/partners/follow_fulfilment.py --bootstrap kafka.example:9093 \\
        --username partner.acme --ca-file ca.pem --group partner.acme.warehouse
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiokafka import AIOKafkaConsumer

TOPIC = "fulfilment.events.v1"
ORDERS_REMEMBERED_MAX = 100_000
ASSIGNMENT_POLL_S = 0.1


@dataclass(frozen=True)
class FulfilmentEvent:
    """A CloudEvent in Kafka's binary mode: attributes in headers, the fact in the value."""

    source: str
    id: str
    type: str
    order_id: str
    sequence: int
    data: dict[str, Any]


class Verdict(Enum):
    """What to do with an event: handle it, ignore it, or call somebody."""

    NEW = "new"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out of order"


@dataclass
class _Order:
    last: int
    seen: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class SequenceCheck:
    """Judges the events of many orders; it remembers the orders heard of last.

    ``from_beginning`` says that an order's first event must be number 1; who starts at a
    stored position meets orders in their middle.
    """

    from_beginning: bool
    orders_max: int = ORDERS_REMEMBERED_MAX
    _orders: OrderedDict[str, _Order] = field(default_factory=OrderedDict)

    def see(self, event: FulfilmentEvent) -> Verdict:
        """Judge ``event``; after one that is out of order it goes on from there."""
        order = self._remember(event)
        if (event.source, event.id) in order.seen:
            return Verdict.DUPLICATE
        expected = order.last + 1
        order.seen.add((event.source, event.id))
        order.last = max(order.last, event.sequence)
        return Verdict.NEW if event.sequence == expected else Verdict.OUT_OF_ORDER

    def _remember(self, event: FulfilmentEvent) -> _Order:
        before_first = 0 if self.from_beginning else event.sequence - 1
        order = self._orders.setdefault(event.order_id, _Order(before_first))
        self._orders.move_to_end(event.order_id)
        if len(self._orders) > self.orders_max:
            self._orders.popitem(last=False)
        return order


def read_event(headers: Iterable[tuple[str, bytes | None]], value: bytes) -> FulfilmentEvent:
    """Raises ``KeyError`` or ``ValueError`` for a record that is no CloudEvent of ours."""
    attributes = {name: raw.decode() for name, raw in headers if raw is not None}
    return FulfilmentEvent(
        source=attributes["ce_source"],
        id=attributes["ce_id"],
        type=attributes["ce_type"],
        order_id=attributes["ce_subject"],
        sequence=int(attributes["ce_sequence"]),
        data=json.loads(value),
    )


def security(username: str | None, password: str, ca_file: str | None) -> dict[str, Any]:
    """How the client says who it is; without a user name it does not, and needs no TLS."""
    if username is None:
        return {}
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": username,
        "sasl_plain_password": password,
        # It checks that the server's certificate is of its name, and signed by the authority.
        "ssl_context": ssl.create_default_context(cafile=ca_file),
    }


async def follow(options: argparse.Namespace) -> int:
    """Handle events until ``--count`` are new; 1 if any was out of order, else 0."""
    check = SequenceCheck(from_beginning=options.from_beginning)
    consumer = AIOKafkaConsumer(
        options.topic,
        bootstrap_servers=options.bootstrap,
        group_id=options.group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
        **security(options.username, os.environ.get("KAFKA_PASSWORD", ""), options.ca_file),
    )
    handled = broken = 0
    async with consumer:
        if options.from_beginning:
            await _rewind(consumer)
        async for record in consumer:
            event = read_event(record.headers, record.value)
            verdict = check.see(event)
            if verdict is Verdict.OUT_OF_ORDER:
                broken += 1
                print(f"OUT OF ORDER: {_line(event)}", file=sys.stderr, flush=True)
            if verdict is not Verdict.DUPLICATE:
                handled += 1
                print(_line(event), flush=True)
            # Only now: whoever commits first and is stopped then has lost the event.
            await consumer.commit()
            if options.count and handled >= options.count:
                break
    return 1 if broken else 0


async def _rewind(consumer: AIOKafkaConsumer) -> None:
    # The group's coordinator tells which partitions are ours; there is nothing to wait on.
    while not consumer.assignment():  # noqa: ASYNC110
        await asyncio.sleep(ASSIGNMENT_POLL_S)
    await consumer.seek_to_beginning()


def _line(event: FulfilmentEvent) -> str:
    return f"{event.order_id} #{event.sequence} {event.type} {json.dumps(event.data)}"


def main() -> int:
    """Follow the topic as the arguments say."""
    parser = argparse.ArgumentParser(description="Follow an order system's fulfilment events.")
    parser.add_argument("--bootstrap", required=True, help="Kafka servers, host:port,…")
    parser.add_argument("--group", required=True, help="your group; its position is kept")
    parser.add_argument("--topic", default=TOPIC)
    parser.add_argument("--from-beginning", action="store_true", help="read all there is again")
    parser.add_argument("--count", type=int, default=0, help="end after so many events; 0: never")
    parser.add_argument("--username", help="your user; the password is read from KAFKA_PASSWORD")
    parser.add_argument("--ca-file", help="PEM of who signs the servers; default: the machine's")
    options = parser.parse_args()
    if options.username and not os.environ.get("KAFKA_PASSWORD"):
        parser.error("KAFKA_PASSWORD: the password that goes with --username")
    if options.ca_file and not options.username:
        parser.error("--ca-file needs --username")
    try:
        return asyncio.run(follow(options))
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
