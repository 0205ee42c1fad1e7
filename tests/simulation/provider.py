"""A simulated provider with a book of its own; a seed says how each call ends."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from payments.domain.money import Money
from payments.provider import (
    Captured,
    Charge,
    ChargeAnswer,
    Declined,
    NotFound,
    Page,
    Refund,
    RefundAnswer,
    Refunded,
    Unknown,
)

from tests.simulation.seams import JOB, SimulatedClock

Kind = Literal["charge", "refund", "find_charge", "find_refund", "mail"]
WRONG_BY = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book: money that really moved, positive towards us."""

    order_id: str
    key: str
    reference: str
    operation: Literal["charge", "refund"]
    minor: int
    currency: str


@dataclass(eq=False)
class Call:
    """A call under way; ``answer`` is given when the seed says so."""

    kind: Kind
    request: Any
    started_at: datetime
    answer: "asyncio.Future[Any]"
    stalled: bool = False


async def ask(kind: Kind, request: Any, now: datetime) -> Any:
    """Wait outside until somebody answers; the job is halted meanwhile."""
    job = JOB.get()
    assert job is not None, "only jobs talk to the outside"
    job.call = Call(kind, request, now, asyncio.get_running_loop().create_future())
    job.halt()
    try:
        return await job.call.answer
    finally:
        job.call = None


@dataclass
class SimulatedProvider:
    """Does what it is asked once for each key; ``book`` is the judge's."""

    clock: SimulatedClock
    book: list[Entry] = field(default_factory=list)
    known: dict[str, ChargeAnswer | RefundAnswer] = field(default_factory=dict)
    late: list[tuple[datetime, Charge | Refund, bool]] = field(default_factory=list)
    order_of: dict[str, str] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def charge(self, charge: Charge) -> ChargeAnswer:
        answer: ChargeAnswer = await ask("charge", charge, self.clock.time)
        return answer

    async def refund(self, refund: Refund) -> RefundAnswer:
        answer: RefundAnswer = await ask("refund", refund, self.clock.time)
        return answer

    async def find_charge(self, key: str) -> ChargeAnswer:
        answer: ChargeAnswer = await ask("find_charge", key, self.clock.time)
        return answer

    async def find_refund(self, key: str) -> RefundAnswer:
        answer: RefundAnswer = await ask("find_refund", key, self.clock.time)
        return answer

    async def list_movements(self, since: datetime, until: datetime, cursor: str | None) -> Page:
        raise AssertionError("the comparison is not simulated")

    def look_up(self, key: str) -> Any:
        return self.known.get(key, NotFound())

    def do(self, request: Charge | Refund, *, wrong: bool = False) -> Any:
        """The operation takes place now, unless one under its key has already."""
        if request.key not in self.known:
            self.known[request.key] = (
                self._capture(request, WRONG_BY if wrong else 0)
                if isinstance(request, Charge)
                else self._give_back(request)
            )
        return self.known[request.key]

    def decline(self, charge: Charge) -> Any:
        return self.known.setdefault(charge.key, Declined("insufficient-funds"))

    def do_late(self, request: Charge | Refund, delay_s: float, *, wrong: bool) -> None:
        self.late.append((self.clock.time + timedelta(seconds=delay_s), request, wrong))

    def catch_up(self) -> list[tuple[Charge | Refund, bool]]:
        """What was under way and has arrived by now takes place; gives what did, and if wrong."""
        due = [one for one in self.late if one[0] <= self.clock.time]
        self.late = [one for one in self.late if one[0] > self.clock.time]
        done: list[tuple[Charge | Refund, bool]] = []
        for _, request, wrong in due:
            if request.key not in self.known:
                self.do(request, wrong=wrong)
                done.append((request, wrong))
        return done

    def _capture(self, charge: Charge, more: int) -> Captured:
        money = Money(charge.money.minor + more, charge.money.currency)
        reference = f"ch_{len(self.book) + 1}"
        self.order_of[reference] = charge.order_id
        self.left[reference] = money.minor
        self._write(charge.order_id, charge.key, reference, "charge", money)
        return Captured(reference, money)

    def _give_back(self, refund: Refund) -> Refunded:
        """More than was captured is noted and given all the same: the judge must see it."""
        reference = f"re_{len(self.book) + 1}"
        order_id = self.order_of[refund.charge_reference]
        self.left[refund.charge_reference] -= refund.money.minor
        back = Money(-refund.money.minor, refund.money.currency)
        self._write(order_id, refund.key, reference, "refund", back)
        return Refunded(reference, refund.money)

    def _write(
        self, order_id: str, key: str, reference: str, op: Literal["charge", "refund"], money: Money
    ) -> None:
        self.book.append(Entry(order_id, key, reference, op, money.minor, money.currency))


UNKNOWN = {
    "http-500": Unknown("http-500"),
    "garbage": Unknown("unexpected-body-200"),
    "no-answer": Unknown("TimeoutError"),
}
