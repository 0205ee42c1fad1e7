"""One order between the rules of orders, payments and inventory, with topics that keep order.

What the services tell is their own domain's word, not the test's; the driver chooses only who
takes the next record and what provider, warehouse, customer and clock do.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from inventory.domain import order as holds
from inventory.domain.order import OrderHolds
from orders.domain.lifecycle import advance
from orders.domain.order import Order
from orders.domain.steps import Step
from payments.domain import payment as money
from payments.domain.money import Money
from payments.domain.payment import Payment
from shared.contracts.orders import OrderConfirmed, OrderEvent

from tests.unit.orders import cases
from tests.unit.orders.cases import NOW, ORDER_ID, TOTAL

PLACED = "placed"
ENDINGS = ("OrderRejected", "OrderExpired", "OrderCancelled")
Act = Callable[[], None]


@dataclass
class World:
    """``actions`` gives what can happen next; each takes one step of one party."""

    order: Order = field(default_factory=cases.an_order)
    payment: Payment = field(default_factory=lambda: Payment(ORDER_ID))
    stock: OrderHolds = field(default_factory=lambda: OrderHolds(ORDER_ID))
    told: list[OrderEvent] = field(default_factory=list)
    history: list[Order] = field(default_factory=list)
    to_payments: deque[str] = field(default_factory=lambda: deque([PLACED]))
    to_inventory: deque[str] = field(default_factory=lambda: deque([PLACED]))
    from_payments: deque[Any] = field(default_factory=deque)
    from_inventory: deque[Any] = field(default_factory=deque)
    from_fulfilment: deque[Any] = field(default_factory=deque)
    charging: bool = False
    refused_for_good: bool = False
    undelivered: int = 0

    def actions(self) -> list[Act]:
        """Everything that can happen now, always in the same order."""
        return [*self.moves(), *self._outside()]

    def moves(self) -> list[Act]:
        """Records taken from topics, and calls under way that end well."""
        return [*self._deliveries(), *self._calls()]

    def _deliveries(self) -> Iterator[Act]:
        if self.to_payments:
            yield lambda: self._payments_take(self.to_payments.popleft())
        if self.to_inventory:
            yield from self._inventory_choices()
        for topic in (self.from_payments, self.from_inventory, self.from_fulfilment):
            if topic:
                yield lambda topic=topic: self.orders_take(topic.popleft())  # type: ignore[misc]

    def _calls(self) -> Iterator[Act]:
        if self.charging:
            yield lambda: self._captured(TOTAL)
            yield lambda: self._captured(TOTAL + 100)
            yield self._declined
            yield self._not_made
        if self.payment.refund_queued_minor:
            yield self._refunded

    def _outside(self) -> Iterator[Act]:
        """The customer, the clock, the warehouse, an operator, and money found late."""
        yield lambda: self.orders_take(cases.CANCEL)
        yield lambda: self.orders_take(cases.DEADLINE)
        if self.payment.status in ("declined", "voided") and not self.refused_for_good:
            yield lambda: self._captured(TOTAL)
            yield lambda: self._captured(TOTAL - 100)
        if self.payment.status == "captured":
            yield lambda: self._ask_refund(TOTAL // 3)
            yield lambda: self._ask_refund(TOTAL)
        if self.stock.fulfilment_status in ("open", "partially_shipped"):
            yield lambda: self._dispatch(complete=False)
            yield lambda: self._dispatch(complete=True)
        if self.undelivered:
            yield self._deliver

    # Orders

    def orders_take(self, fact: Any) -> None:
        result = advance(self.order, fact)
        if not isinstance(result, Step):
            return
        self.history.append(self.order)
        self.order = result.order
        for event in result.events:
            self.told.append(event)
            self.to_payments.append(type(event).__name__)
            self.to_inventory.append(type(event).__name__)

    # Payments, as its handlers and calls use its rules

    def _payments_take(self, event: str) -> None:
        if event == PLACED:
            self._open_payment()
        elif event in ENDINGS:
            ended = money.end_order(self.payment, event)
            self.payment = ended.payment
            if ended.refund_minor:
                self._ask_refund(ended.refund_minor)

    def _open_payment(self) -> None:
        asked = Payment(
            ORDER_ID, payment_id="pay_1", amount_minor=TOTAL, currency="GBP", token="tok"
        )
        match money.open_payment(self.payment, asked, NOW):
            case money.Opened(payment):
                self.payment, self.charging = payment, True
            case money.OpenedTooLate(payment):
                self.payment = payment
                self.from_payments.append(cases.VOIDED)
            case money.AlreadyOpen():
                pass

    def _captured(self, minor: int) -> None:
        self.charging = False
        match money.capture(self.payment, Money(minor, "GBP"), "ch_1"):
            case money.Paid(payment):
                self.payment = payment
                self.from_payments.append(cases.captured())
            case money.PaidLate(payment):
                self.payment = payment
                self.from_payments.append(cases.captured(late=True))
                self._ask_refund(minor)
            case money.PaidWrong(payment):
                self.payment = payment
                self.from_payments.append(cases.declined("amount-mismatch"))
                self._ask_refund(minor)
            case money.AlreadyPaid():
                pass

    def _declined(self) -> None:
        self.charging, self.refused_for_good = False, True
        self._note_close(money.decline(self.payment, "declined"))

    def _not_made(self) -> None:
        self.charging = False
        self._note_close(money.close_uncharged(self.payment, "provider-unreachable"))

    def _note_close(self, closed: money.Declined | money.Voided | money.AlreadyDecided) -> None:
        match closed:
            case money.Declined(payment, reason):
                self.payment = payment
                self.from_payments.append(cases.declined(reason))
            case money.Voided(payment):
                self.payment = payment
                self.from_payments.append(cases.VOIDED)
            case money.AlreadyDecided():
                pass

    def _ask_refund(self, minor: int) -> None:
        match money.queue_refund(self.payment, minor, "asked", NOW):
            case money.RefundQueued(payment):
                self.payment = payment
            case money.NothingToRefund():
                pass

    def _refunded(self) -> None:
        minor = self.payment.refund_queued_minor
        self.payment = money.refund_done(self.payment, minor)
        told = cases.refunded(minor, self.payment.refunded_minor, self.payment.captured_minor)
        self.from_payments.append(told)

    # Inventory, as its handlers and routes use its rules

    def _inventory_choices(self) -> Iterator[Act]:
        event = self.to_inventory[0]
        if event == PLACED and self.stock.status == "none":
            yield lambda: self._answer("held")
            yield lambda: self._answer("rejected")
        else:
            yield lambda: self._inventory_take(self.to_inventory.popleft())

    def _answer(self, status: Any) -> None:
        self.to_inventory.popleft()
        self.stock = holds.answered(self.stock, "default", status)
        self.from_inventory.append(cases.RESERVED if status == "held" else cases.short())

    def _inventory_take(self, event: str) -> None:
        if event == OrderConfirmed.__name__:
            self._open_fulfilment()
        elif event == "OrderCancellationRequested":
            self._cancel_fulfilment()
        elif event in ENDINGS:
            self._end()

    def _open_fulfilment(self) -> None:
        match holds.open_fulfilment(self.stock, "ffo_1", NOW):
            case holds.Changed(order):
                self.stock = order
                self.from_fulfilment.append(cases.OPENED)
            case holds.Repeated():
                pass

    def _cancel_fulfilment(self) -> None:
        match holds.cancel_fulfilment(self.stock):
            case holds.Changed(order):
                self.stock = order
                self.from_fulfilment.append(cases.CLOSED)
            case holds.AlreadyDispatched():
                self.from_inventory.append(cases.DISPATCHED_ALREADY)
            case holds.Repeated():
                pass

    def _end(self) -> None:
        before = self.stock
        match holds.end(before):
            case holds.Changed(order):
                self.stock = order
                if before.fulfilment_status == "open":
                    self.from_fulfilment.append(cases.CLOSED)
                if before.status == "held":
                    self.from_inventory.append(cases.RELEASED)
            case holds.Repeated():
                pass

    def _dispatch(self, *, complete: bool) -> None:
        self.stock = holds.dispatched(self.stock, complete=complete)
        self.undelivered += 1
        self.from_fulfilment.append(cases.dispatched(complete=complete))

    def _deliver(self) -> None:
        self.undelivered -= 1
        self.stock = holds.delivered(self.stock, self.undelivered)
        complete = self.stock.fulfilment_status == "delivered"
        self.from_fulfilment.append(cases.delivered(complete=complete))
