"""The services' own units of work over rows in memory: only what was SQL is replaced."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from inventory.domain.order import OrderHolds
from inventory.domain.stock import HeldStock, Level, Place, Stock
from inventory.store import ORDER_HOLDS
from inventory.work import InventoryWork
from notifications.domain.customer import Customer
from notifications.store import CUSTOMERS
from notifications.unit_of_work import MessageWork
from orders.domain.placing import body_hash
from orders.domain.steps import Fact, Refused, Step
from orders.work import ORDERS, OrdersWork, Reference
from payments.domain.attempts import AttemptKey
from payments.domain.payment import Payment
from payments.store import PAYMENTS
from payments.unit_of_work import PaymentsWork
from shared.contracts import topics
from shared.contracts.storefront import Submission
from shared.ids import new_id
from shared.messaging.unit_of_work import NewUnitOfWork, Rank

from tests.simulation.memory import InMemory, RowHolder, Used
from tests.simulation.system import LIMITS


class NotedOrders(OrdersWork):
    """Remembers which rows of the table this transaction used."""

    used: list[Used]

    def advance(self, order_id: str, fact: Fact, cause: str) -> Step | Refused:
        before = self.rows.get(order_id)
        result = super().advance(order_id, fact, cause)
        assert before is not None
        self.used = [*getattr(self, "used", ()), (before.status, type(fact), order_id)]
        return result


class HeldOrders(InMemory, NotedOrders):
    table = RowHolder(ORDERS)  # type: ignore[assignment]

    async def claim_references(
        self, submissions: Sequence[Submission], others: Sequence[str] = ()
    ) -> None:
        held: dict[str, tuple[str, bytes]] = self.draft.held.kept.setdefault("references", {})
        wanted: dict[str, bytes] = {}
        for one in submissions:
            wanted.setdefault(one.client_reference, body_hash(one))
        proposed = {name: (new_id("ord"), digest) for name, digest in wanted.items()}
        mine = {name: one for name, one in proposed.items() if name not in held}
        named = {**held, **mine}
        self.references = {
            name: Reference(*named[name], name in mine)
            for name in (*wanted, *others)
            if name in named
        }
        self.draft.later(lambda: held.update(mine))

    async def save(self) -> None:
        sequences = self.draft.held.sequences
        for refused, cause in self._refused:
            place = (topics.ORDERS, refused.client_reference)
            self._sequences.setdefault(place, sequences.get(place, 0))
            self.publish(refused, cause)
            last = {place: self._sequences[place]}
            self.draft.later(lambda last=last: sequences.update(last))  # type: ignore[misc]
        used, self.used = getattr(self, "used", []), []
        self.draft.later(lambda: self.draft.held.used.extend(used))
        self._placed, self._transitions, self._refused = [], [], []


class HeldPayments(InMemory, PaymentsWork):
    table = RowHolder(PAYMENTS, Payment)  # type: ignore[assignment]

    async def load_attempts(self, keys: Collection[AttemptKey]) -> None:
        known = self.draft.held.kept.setdefault("attempts", {})
        self._attempts_loaded = {key: known[key] for key in sorted(keys) if key in known}
        self.attempts = dict(self._attempts_loaded)

    async def save(self) -> None:
        self.work = [self._begun(row) for row in self.work]
        kept, attempts, entries = self.draft.held.kept, self.attempts, self._entries
        self.draft.later(lambda: kept.setdefault("attempts", {}).update(attempts))
        self.draft.later(lambda: kept.setdefault("ledger", []).extend(entries))
        self._entries, self._lines = [], []


@dataclass(frozen=True)
class Parcel:
    shipment_id: str
    order_id: str
    fulfilment_order_id: str


class HeldInventory(InMemory, InventoryWork):
    table = RowHolder(ORDER_HOLDS, OrderHolds)  # type: ignore[assignment]

    async def read_holds(self) -> list[HeldStock]:
        held = {row.order_id for row in self.rows.values() if row.status == "held"}
        return [one for one in self.draft.held.kept["holds"].values() if one.order_id in held]

    async def lock_stock(
        self,
        skus: Collection[str],
        holds: Collection[HeldStock] = (),
        new_places: Collection[Place] = (),
    ) -> None:
        self.lock(Rank.STOCK)
        levels: dict[Place, Level] = self.draft.held.kept["levels"]
        self.stock = Stock({one: levels[one] for one in levels if one.sku in skus}, holds)

    async def save(self) -> None:
        kept, stock = self.draft.held.kept, self.stock
        levels = {place: stock.levels[place] for place in stock.changes()}
        holds = dict(stock.changed_holds)
        over = [place for place, one in levels.items() if not 0 <= one.reserved <= one.on_hand]
        self.draft.later(lambda: kept["levels"].update(levels))
        self.draft.later(lambda: kept["holds"].update(holds))
        self.draft.later(lambda: kept["oversold"].extend(over))
        stock.saved()


def _nobody(order_id: str) -> Customer:
    return Customer(order_id, "", "", "", "", "", "{}")


class HeldMessages(InMemory, MessageWork):
    table = RowHolder(CUSTOMERS, _nobody)  # type: ignore[assignment]
    mailed: Mapping[tuple[str, str, str], str] = MappingProxyType({})

    async def save(self) -> None:
        """What was told before falls away, as the table's unique key has it.

        A redrive saves after each of its events: what it has told itself counts, too.
        """
        told = self.draft.held.kept.setdefault("told", {})
        new: dict[tuple[str, str, str], str] = {}
        for one in self._messages:
            place = (one.order_id, one.kind, one.detail)
            if place not in told and place not in self.mailed:
                new.setdefault(place, one.message_id)
        self.mailed = {**self.mailed, **new}
        self.draft.later(lambda: told.update(new))
        ids = {*new.values()}
        self.work = [row for row in self.work if row.payload["message_id"] in ids]
        self._messages, self._letters = [], {}


UNITS_OF_WORK: Mapping[str, NewUnitOfWork[Any]] = {
    "orders": HeldOrders,
    "payments": partial(HeldPayments, limits=LIMITS),
    "inventory": HeldInventory,
    "notifications": partial(HeldMessages, recipient_mails_per_hour_max=1_000_000),
}
