"""Kafka records as the services write them, for a projection without Kafka."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncpg import Pool, Record
from console.domain.facts import Fact
from console.projection import Projection
from shared.clock import Clock
from shared.contracts.event import Event
from shared.contracts.inventory import Hold, StockReserved
from shared.contracts.orders import (
    Address,
    OrderConfirmed,
    OrderLine,
    OrderPlaced,
    PaymentMethod,
    Personal,
)
from shared.contracts.payments import PaymentCaptured
from shared.messaging.envelope import Record as KafkaRecord
from shared.messaging.envelope import encode_headers
from shared.messaging.group import ConsumerGroup
from shared.messaging.unit_of_work import Transactions, UnitOfWork

SECRET = b"only on this machine"
TRACE = "0af7651916cd43dd8448eb211c80319c"
AT = datetime(2026, 11, 30, 10, tzinfo=UTC)


def projection(pool: "Pool[Record]", heard: list[Fact] | None = None) -> Projection:
    told = heard if heard is not None else []
    transactions: Transactions[UnitOfWork[Any]] = Transactions(pool, Clock(), UnitOfWork)
    return Projection(
        "console",
        ConsumerGroup("console", (), {}),
        transactions,
        secret=SECRET,
        heard=lambda facts: told.extend(facts),
    )


def record(event: Event, sequence: int, at: datetime = AT) -> KafkaRecord:
    headers = encode_headers(
        event,
        f"evt_{event.order_id}_{event.topic}_{sequence}",
        at,
        sequence,
        f"00-{TRACE}-{'b' * 16}-01",
    )
    offset = int(event.order_id.rpartition("_")[2] or 0) * 10 + sequence
    return KafkaRecord(
        event.topic, 0, offset, event.key.encode(), event.model_dump_json().encode(), headers
    )


def placed(order_id: str, placed_at: datetime = AT) -> OrderPlaced:
    return OrderPlaced(
        order_id=order_id,
        client_reference=f"web-{order_id}",
        channel="b2c",
        currency="GBP",
        locale="en-GB",
        customer_id="17850",
        lines=(OrderLine(sku="85123A", quantity=6, unit_price_minor=255),),
        total_minor=1530,
        payment=PaymentMethod(method="card", token="tok_of_a_buyer"),
        personal=Personal(
            name="Customer 17850",
            email="c17850@example.com",
            address=Address(
                name="Customer 17850",
                line1="1 Mill Lane",
                city="London",
                postal_code="N1 1AA",
                country="GB",
            ),
        ),
        placed_at=placed_at,
        deadline_at=placed_at + timedelta(seconds=900),
    )


def confirmed(order_id: str, placed_at: datetime = AT) -> Sequence[KafkaRecord]:
    """The records of an order that was confirmed a second after it was placed."""
    money = {"payment_id": f"pay_{order_id}", "amount_minor": 1530, "currency": "GBP"}
    reference = f"web-{order_id}"
    return [
        record(placed(order_id, placed_at), 1, placed_at),
        record(PaymentCaptured(order_id=order_id, **money), 1, placed_at),
        record(
            StockReserved(
                order_id=order_id, holds=(Hold(sku="85123A", location="main", quantity=6),)
            ),
            1,
            placed_at,
        ),
        record(
            OrderConfirmed(
                order_id=order_id, client_reference=reference, total_minor=1530, currency="GBP"
            ),
            2,
            placed_at + timedelta(seconds=1),
        ),
    ]
