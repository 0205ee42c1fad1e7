"""A storefront's client in Python, to copy from: the standard library; Kafka needs aiokafka.

It prints one line of JSON and exits with 0: the outcome is known, 1: refused, 2: not known yet.

    python3 place_order.py place order.json [--follow sse | --kafka 127.0.0.1:9092]
    python3 place_order.py cancel ord_…
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

Headers = Sequence[tuple[str, str]]
UNDECIDED = ("pending", "cancelling")
POLL_S = 20
SOCKET_TIMEOUT_S = 30
BACKOFF_FIRST_S, BACKOFF_MAX_S = 0.5, 8.0
SUBMIT = "storefront.order-submitted.v1"
CANCEL = "storefront.order-cancellation-requested.v1"
TOLD = {
    "orders.order-confirmed.v1": "confirmed",
    "orders.order-rejected.v1": "rejected",
    "orders.order-expired.v1": "expired",
    "orders.order-cancelled.v1": "cancelled",
    "orders.order-cancellation-refused.v1": "confirmed",
}
REFUSED = "orders.storefront-order-refused.v1"


class Refusal(Exception):
    """The answer is no, and the same request will get it again: an RFC 9457 problem."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("type"))
        self.problem = problem


class NotKnown(Exception):
    """Time is up; the same key and body may be sent again at any time."""


@dataclass
class Patience:
    """How long to go on: full jitter below a bound that doubles, or what Retry-After says."""

    give_up_at: float
    bound_s: float = BACKOFF_FIRST_S

    def wait(self, why: str, retry_after: str | None = None) -> None:
        """Sleep before the next try. Raises ``NotKnown`` when there is no time for one."""
        pause_s = random.uniform(0, self.bound_s)  # noqa: S311 - jitter is no secret
        if retry_after and retry_after.isdigit():
            pause_s += int(retry_after)
        self.bound_s = min(2 * self.bound_s, BACKOFF_MAX_S)
        if time.monotonic() + pause_s > self.give_up_at:
            raise NotKnown(why)
        print(f"again in {pause_s:.1f} s: {why}", file=sys.stderr, flush=True)
        time.sleep(pause_s)

    def check(self) -> None:
        """Raises ``NotKnown`` when time is up."""
        if time.monotonic() > self.give_up_at:
            raise NotKnown("the order is not decided yet")


@dataclass(frozen=True)
class Api:
    """The orders service at ``url``."""

    url: str
    patience_s: float

    def place(self, body: bytes, key: str) -> str:
        """Place the order once, however often it must be sent; gives its id."""
        headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)]
        return str(self._ask("POST", "/v1/orders", body, headers)["order_id"])

    def cancel(self, order_id: str) -> None:
        """Ask to cancel; asking again is the same, so it needs no key."""
        self._ask("POST", f"/v1/orders/{quote(order_id, safe='')}/cancel")

    def decided(self, order_id: str) -> dict[str, Any]:
        """Long poll until the order is decided."""
        patience = self._patience()
        path = f"/v1/orders/{quote(order_id, safe='')}?wait_for=decided&timeout_s={POLL_S}"
        while (order := self._ask("GET", path))["status"] in UNDECIDED:
            patience.check()
        return order

    def streamed(self, order_id: str) -> dict[str, Any]:
        """Follow the order's server-sent events until it is decided, then read it once."""
        patience, seen = self._patience(), "0"
        while True:
            try:
                for version, change in self._events(order_id, seen):
                    seen = version
                    if change["status"] not in UNDECIDED:
                        return self.decided(order_id)
                    patience.check()
                why = "the stream has ended"
            except (OSError, HTTPException) as error:
                why = type(error).__name__
            patience.wait(why)

    def _events(self, order_id: str, seen: str) -> Iterator[tuple[str, dict[str, Any]]]:
        path = f"/v1/orders/{quote(order_id, safe='')}/events"
        version, data = seen, ""
        with self._send("GET", path, None, [("Last-Event-ID", seen)]) as response:
            if response.status != 200:
                raise HTTPException(f"answered {response.status}")
            for raw in response:
                name, _, value = raw.decode().rstrip("\r\n").partition(": ")
                if name == "id":
                    version = value
                elif name == "data":
                    data = value
                elif not name and data:
                    yield version, json.loads(data)
                    data = ""

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: Headers = ()
    ) -> dict[str, Any]:
        """Send the same request until it is answered for good. Raises ``Refusal``, ``NotKnown``."""
        patience = self._patience()
        while True:
            try:
                with self._send(method, path, body, headers) as response:
                    answer, status = response.read(), response.status
                    retry_after = response.headers["Retry-After"]
            except (OSError, HTTPException) as error:
                patience.wait(type(error).__name__)
                continue
            if status < 300:
                return dict(json.loads(answer))
            if not worth_another_try(status, answer):
                raise Refusal(problem_of(status, answer))
            patience.wait(f"answered {status}", retry_after)

    def _send(self, method: str, path: str, body: bytes | None, headers: Headers) -> HTTPResponse:
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=SOCKET_TIMEOUT_S)
        sent = {**dict(headers), "Connection": "close"}
        connection.request(method, parts.path.rstrip("/") + path, body, sent)
        return connection.getresponse()

    def _patience(self) -> Patience:
        return Patience(time.monotonic() + self.patience_s)


def worth_another_try(status: int, answer: bytes) -> bool:
    """Too many, not now, or the first one is still at work; 409 has other meanings too."""
    if status == 409:
        return bool(problem_of(status, answer)["type"] == "urn:problem:idempotency-in-progress")
    return status == 429 or status >= 500


def problem_of(status: int, answer: bytes) -> dict[str, Any]:
    """The problem document; what a proxy says in another form has no type of ours."""
    try:
        return {"type": "about:blank", "status": status, **json.loads(answer)}
    except (ValueError, TypeError):
        return {"type": "about:blank", "status": status}


@dataclass
class Topics:
    """The same by Kafka; answers are found by ``client_reference``, never by offset."""

    bootstrap: str
    prefix: str
    patience_s: float
    source: str = "/storefront"

    async def tell(self, reference: str, event: tuple[str, str, bytes], again: bool) -> Any:
        """Send an event of (type, id, data), and wait for what is told of the reference.

        The reader stands at the topic's end before the event is sent, or at its beginning when
        it is sent ``again``: the answer may have been told before.
        """
        from aiokafka import AIOKafkaConsumer

        consumer = AIOKafkaConsumer(
            self.prefix + "orders.events.v1",
            bootstrap_servers=self.bootstrap,
            auto_offset_reset="earliest" if again else "latest",
            isolation_level="read_committed",
        )
        try:
            async with asyncio.timeout(self.patience_s), consumer:
                for partition in consumer.assignment():
                    await consumer.position(partition)
                await self._send(reference, *event)
                return await self._answer(consumer, reference, event[0])
        except TimeoutError:
            raise NotKnown("nothing was told of the order in time") from None

    async def _send(self, reference: str, event_type: str, event_id: str, data: bytes) -> None:
        from aiokafka import AIOKafkaProducer

        attributes = {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_type": event_type,
            "ce_source": self.source,
            "content-type": "application/json",
        }
        headers = [(name, text.encode()) for name, text in attributes.items()]
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap, acks="all", enable_idempotence=True
        )
        async with producer:
            await producer.send_and_wait(
                self.prefix + "storefront.orders.v1", data, reference.encode(), headers=headers
            )

    async def _answer(self, consumer: Any, reference: str, asked: str) -> dict[str, Any]:
        async for record in consumer:
            told, data = event_of(record)
            if data.get("client_reference") != reference:
                continue
            if told == REFUSED:
                raise Refusal({"type": f"urn:problem:{data['reason']}", **data})
            if told in TOLD and (asked == SUBMIT or told != "orders.order-confirmed.v1"):
                return {**data, "status": TOLD[told]}
        raise NotKnown("the topic has ended")


def event_of(record: Any) -> tuple[str, dict[str, Any]]:
    """Type and data; nothing of a record that is no event, for one must not stop its reader."""
    try:
        return dict(record.headers)["ce_type"].decode(), dict(json.loads(record.value))
    except (KeyError, AttributeError, TypeError, ValueError):
        return "", {}


def by_http(options: argparse.Namespace) -> dict[str, Any]:
    """Place or cancel, and wait until the order is decided."""
    api = Api(options.orders, options.patience_s)
    order_id = options.what
    if options.command == "place":
        order_id = api.place(Path(options.what).read_bytes(), options.key or str(uuid4()))
    else:
        api.cancel(order_id)
    return api.streamed(order_id) if options.follow == "sse" else api.decided(order_id)


def by_kafka(options: argparse.Namespace) -> dict[str, Any]:
    """The same by Kafka; what is cancelled is named by its ``client_reference``."""
    topics = Topics(options.kafka, options.topic_prefix, options.patience_s)
    event_type, reference = CANCEL, options.what
    data = json.dumps({"client_reference": reference}).encode()
    if options.command == "place":
        event_type, data = SUBMIT, Path(options.what).read_bytes()
        reference = json.loads(data)["client_reference"]
    event = (event_type, options.key or str(uuid4()), data)
    return dict(asyncio.run(topics.tell(reference, event, again=bool(options.key))))


def main() -> int:
    """Do what the arguments say; the exit code tells whether the outcome is known."""
    parser = argparse.ArgumentParser(description="Place or cancel an order.")
    parser.add_argument("command", choices=["place", "cancel"])
    parser.add_argument("what", help="a file with the order, or the order's id")
    parser.add_argument("--orders", default=os.environ.get("ORDERS_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--key", help="to go on after a crash: the key of the first try")
    parser.add_argument("--follow", choices=["poll", "sse"], default="poll")
    parser.add_argument("--kafka", help="place or cancel by Kafka at host:port,…")
    parser.add_argument("--topic-prefix", default=os.environ.get("TOPIC_PREFIX", ""))
    parser.add_argument("--patience-s", type=float, default=60, help="of each step")
    options = parser.parse_args()
    try:
        order = by_kafka(options) if options.kafka else by_http(options)
    except Refusal as refusal:
        print(json.dumps(refusal.problem))
        return 1
    except NotKnown as reason:
        print(f"not known yet: {reason}", file=sys.stderr)
        return 2
    print(json.dumps({name: order.get(name) for name in ("order_id", "status", "reasons")}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
