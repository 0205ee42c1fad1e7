"""A provider in memory: it does what a script says, and its book is the judge."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from payments.domain.money import Money
from payments.domain.strays import Movement
from payments.provider import (
    Captured,
    Charge,
    ChargeAnswer,
    Declined,
    ListAnswer,
    NotFound,
    Page,
    Refund,
    RefundAnswer,
    Refunded,
    RefundRefused,
    Unknown,
)


@dataclass(frozen=True)
class Operation:
    """One line of the book: money that really moved."""

    op: Literal["capture", "refund"]
    order_id: str
    key: str
    reference: str
    money: Money
    charge_reference: str
    at: datetime


ChargeBehaviour: TypeAlias = Callable[["FakeProvider", Charge], Awaitable[ChargeAnswer]]
RefundBehaviour: TypeAlias = Callable[["FakeProvider", Refund], Awaitable[RefundAnswer]]


@dataclass
class FakeProvider:
    """Each call takes the next behaviour of its script, and ``captures`` when that is used up.

    ``find_*`` tells the truth of the book, unless ``deaf`` says that no inquiry is answered.
    """

    charge_script: list[ChargeBehaviour] = field(default_factory=list)
    refund_script: list[RefundBehaviour] = field(default_factory=list)
    deaf: bool = False
    caps_refunds: bool = True
    book: list[Operation] = field(default_factory=list)
    declined: dict[str, Declined] = field(default_factory=dict)
    charge_calls: list[Charge] = field(default_factory=list)
    refund_calls: list[Refund] = field(default_factory=list)
    inquiries: list[str] = field(default_factory=list)
    in_flight: list[Charge] = field(default_factory=list)
    listings: list[str | None] = field(default_factory=list)
    page_size: int = 50
    travelled_s: float = 0

    async def charge(self, charge: Charge) -> ChargeAnswer:
        self.charge_calls.append(charge)
        behaviour = self.charge_script.pop(0) if self.charge_script else captures
        return await behaviour(self, charge)

    async def refund(self, refund: Refund) -> RefundAnswer:
        self.refund_calls.append(refund)
        behaviour = self.refund_script.pop(0) if self.refund_script else refunds
        return await behaviour(self, refund)

    async def find_charge(self, key: str) -> ChargeAnswer:
        self.inquiries.append(key)
        if self.deaf:
            return Unknown("TimeoutError")
        if key in self.declined:
            return self.declined[key]
        done = self.under(key)
        return Captured(done.reference, done.money) if done else NotFound()

    async def find_refund(self, key: str) -> RefundAnswer:
        self.inquiries.append(key)
        if self.deaf:
            return Unknown("TimeoutError")
        done = self.under(key)
        return Refunded(done.reference, done.money) if done else NotFound()

    def under(self, key: str) -> Operation | None:
        return next((one for one in self.book if one.key == key), None)

    def capture(self, charge: Charge, money: Money | None = None) -> Captured:
        """Do it once for its key."""
        done = self.under(charge.key)
        if done is None:
            reference = f"ch_{len(self.book)}"
            done = self.take(charge, reference, money)
        return Captured(done.reference, done.money)

    def take(self, charge: Charge, reference: str, money: Money | None = None) -> Operation:
        """Take the money, whether or not it was taken under this key before."""
        taken = money or charge.money
        done = Operation(
            "capture", charge.order_id, charge.key, reference, taken, reference, self.now()
        )
        self.book.append(done)
        return done

    def give_back(self, refund: Refund) -> Refunded | RefundRefused:
        """Do it once for its key, and at most what is left when ``caps_refunds``."""
        if done := self.under(refund.key):
            return Refunded(done.reference, done.money)
        charge = next(one for one in self.book if one.reference == refund.charge_reference)
        if self.caps_refunds and refund.money.minor > self._left_minor(charge.reference):
            return RefundRefused("refund-exceeds-capture")
        reference = f"op_{len(self.book)}"
        done = Operation(
            "refund",
            charge.order_id,
            refund.key,
            reference,
            refund.money,
            charge.reference,
            self.now(),
        )
        self.book.append(done)
        return Refunded(reference, refund.money)

    async def list_movements(
        self, since: datetime, until: datetime, cursor: str | None
    ) -> ListAnswer:
        self.listings.append(cursor)
        if self.deaf:
            return Unknown("TimeoutError")
        listed = [one for one in self.book if since <= one.at < until]
        start = int(cursor or 0)
        page = tuple(map(_listed, listed[start : start + self.page_size]))
        more = start + self.page_size < len(listed)
        return Page(page, str(start + self.page_size) if more else None)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.travelled_s)

    def _left_minor(self, charge_reference: str) -> int:
        return sum(
            one.money.minor if one.op == "capture" else -one.money.minor
            for one in self.book
            if one.charge_reference == charge_reference
        )

    def arrive(self) -> None:
        """What was on its way takes effect now."""
        while self.in_flight:
            self.capture(self.in_flight.pop(0))

    def balance_minor(self, order_id: str) -> int:
        """What the provider really took for an order less what it really gave back."""
        return sum(
            one.money.minor if one.op == "capture" else -one.money.minor
            for one in self.book
            if one.order_id == order_id
        )

    def count(self, op: str) -> int:
        return sum(one.op == op for one in self.book)


def _listed(one: Operation) -> Movement:
    operation: Literal["charge", "refund"] = "charge" if one.op == "capture" else "refund"
    identity = f"op_of_{one.reference}" if one.op == "capture" else one.reference
    return Movement(
        identity, operation, one.key, one.order_id, one.charge_reference, one.money, one.at
    )


async def captures(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    return provider.capture(charge)


async def declines(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    return provider.declined.setdefault(charge.key, Declined("insufficient-funds", "ch_no"))


async def charges_without_answer(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    provider.capture(charge)
    return Unknown("TimeoutError")


async def does_nothing_and_never_answers(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    return Unknown("TimeoutError")


async def charges_late(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    provider.in_flight.append(charge)
    return Unknown("ServerDisconnectedError")


async def fails_with_500(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    return Unknown("http-500")


async def charges_and_answers_garbage(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    provider.capture(charge)
    return Unknown("unexpected-body-200")


async def charges_too_much(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    return provider.capture(charge, Money(charge.money.minor + 100, charge.money.currency))


async def charges_another_currency(provider: FakeProvider, charge: Charge) -> ChargeAnswer:
    return provider.capture(charge, Money(charge.money.minor, "USD"))


async def refunds(provider: FakeProvider, refund: Refund) -> RefundAnswer:
    return provider.give_back(refund)


async def refunds_without_answer(provider: FakeProvider, refund: Refund) -> RefundAnswer:
    provider.give_back(refund)
    return Unknown("TimeoutError")


async def refunds_nothing(provider: FakeProvider, refund: Refund) -> RefundAnswer:
    return Unknown("http-503")


async def refuses_the_refund(provider: FakeProvider, refund: Refund) -> RefundAnswer:
    return RefundRefused("refund-exceeds-capture")
