"""What a simulation needs of the four services, whatever their rows are kept in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from inventory.app import HANDLERS as INVENTORY
from inventory.domain.order import OrderHolds
from inventory.domain.stock import HeldStock, Level, Place
from notifications.app import HANDLERS as NOTIFICATIONS
from orders.admission import Admission
from orders.app import HANDLERS as ORDERS
from orders.app import intake_handlers
from orders.domain.order import Order
from payments.app import HANDLERS as PAYMENTS
from payments.domain.attempts import Attempt, CallLimits
from payments.domain.ledger import Entry
from payments.domain.payment import Payment
from shared.contracts import topics
from shared.contracts.event import Event
from shared.errors import Permanent
from shared.messaging.batch import Batch
from shared.messaging.group import ConsumerGroup, Handler
from shared.messaging.pipeline import Pipeline
from shared.messaging.unit_of_work import Transactions
from shared.work.rows import LeasedRow

from tests.simulation.memory import Handled, Used

SERVICES = ("orders", "payments", "inventory", "notifications")

SERVICE_OF = {
    "orders": "orders",
    "orders-intake": "orders",
    "payments": "payments",
    "inventory": "inventory",
    "notifications": "notifications",
}
CALL_TIMEOUT_S, LEASE_S = 5.0, 15.0
LIMITS = CallLimits(
    calls_max=4,
    settle_after=timedelta(seconds=CALL_TIMEOUT_S + LEASE_S),
    inquiry_delay=timedelta(seconds=1),
    key_use_max=timedelta(hours=12),
    sweep_delays=tuple(timedelta(seconds=one) for one in (60, 300, 1800, 7200, 86400)),
)

Broken = set[tuple[str, str, type[Event]]]
"""Group, key and event that fail until people mend them."""


class Glitch(Permanent):
    """A handler's bug, planted by the seed."""


@dataclass(frozen=True)
class Picture:
    """Everything the services' own rows say at the end."""

    orders: Mapping[str, Order]
    payments: Mapping[str, Payment]
    attempts: Sequence[Attempt]
    ledger: Sequence[Entry]
    holds: Mapping[str, OrderHolds]
    stock: Mapping[Place, Level]
    held: Sequence[HeldStock]
    references: Mapping[str, str]
    messages: Sequence[tuple[str, str, str, str]]
    parked: int
    work_open: int
    unsent: int
    oversold: Sequence[Place] = ()
    broken_promises: Sequence[str] = ()


class System(Protocol):
    """Each method is a step of one service: a transaction, or a few."""

    broken: Broken

    @property
    def transactions(self) -> Mapping[str, Transactions[Any]]: ...
    @property
    def used(self) -> list[Used]: ...
    @property
    def handled(self) -> list[Handled]: ...
    def pipeline(self, group: str) -> Pipeline: ...
    async def quiet(self) -> None: ...
    async def unsent(self, service: str) -> Sequence[Any]: ...
    async def sent(self, service: str, ids: Sequence[int]) -> None: ...
    async def lease(self, service: str, limit: int) -> list[LeasedRow]: ...
    async def perform(self, service: str, row: LeasedRow) -> None: ...
    async def due_sweeps(self) -> list[Any]: ...
    async def sweep(self, due: Any) -> None: ...
    async def past_deadline(self) -> list[str]: ...
    async def expire(self, order_ids: Sequence[str]) -> None: ...
    async def to_ship(self) -> list[str]: ...
    async def dispatch(self, order_id: str, everything: bool) -> str | None: ...
    async def deliver(self, shipment_id: str) -> None: ...
    async def refundable(self) -> list[tuple[str, int]]: ...
    async def refund(self, order_id: str, minor: int) -> None: ...
    async def hear(self, order_id: str) -> None: ...
    async def parked(self, service: str) -> list[tuple[str, str, bytes]]: ...
    async def waiting(self, group: str) -> set[bytes]: ...
    async def redrive(self, place: tuple[str, str, bytes], drop: bool) -> bool: ...
    async def next_due(self) -> datetime | None: ...
    async def picture(self) -> Picture: ...


def groups(broken: Broken, deadline_s: float) -> dict[str, ConsumerGroup]:
    """The services' own handlers, each of which fails on what is ``broken``."""
    told, answers = (topics.ORDERS,), (topics.PAYMENTS, topics.INVENTORY, topics.FULFILMENT)
    tables: dict[str, tuple[tuple[str, ...], Mapping[type[Event], Handler]]] = {
        "orders": (answers, ORDERS),
        "orders-intake": (
            (topics.STOREFRONT_ORDERS,),
            intake_handlers(Admission(deadline_s)),
        ),
        "payments": (told, PAYMENTS),
        "inventory": (told, INVENTORY),
        "notifications": (told, NOTIFICATIONS),
    }
    return {
        name: ConsumerGroup(
            name, read, {one: _breakable(name, act, broken) for one, act in handlers.items()}
        )
        for name, (read, handlers) in tables.items()
    }


def _breakable(group: str, handler: Handler, broken: Broken) -> Callable[..., Any]:
    async def act(batch: Batch[Any], work: Any) -> None:
        if broken and any((group, one.key, type(one)) in broken for one in batch):
            raise Glitch
        await handler(batch, work)
        done = [(group, one.topic, one.key, work.cause_of(one.key).event_id) for one in batch]
        work.handled = [*getattr(work, "handled", ()), *done]

    return act
