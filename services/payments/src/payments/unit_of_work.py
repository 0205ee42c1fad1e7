"""What one transaction of this service changes: payments, attempts and the ledger."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from shared.messaging.unit_of_work import Opening, UnitOfWork
from shared.work.rows import NewWork

from payments import store
from payments.domain.attempts import Attempt, AttemptKey, CallLimits, CallNow, take_up_charge
from payments.domain.ledger import Entry
from payments.domain.lines import Line
from payments.domain.payment import NothingToRefund, Payment, RefundQueued, queue_refund
from payments.domain.strays import stray_refund
from payments.provider import Charge


class PaymentsWork(UnitOfWork[Payment]):
    """``attempts`` are guarded by their orders' rows; replace one to change it.

    ``limits`` say whether a charge may begin where it is asked for.
    """

    table = store.PAYMENTS

    def __init__(self, opening: Opening, *, limits: CallLimits) -> None:
        super().__init__(opening)
        self._limits = limits
        self.attempts: dict[AttemptKey, Attempt] = {}
        self._attempts_loaded: dict[AttemptKey, Attempt] = {}
        self._entries: list[Entry] = []
        self._lines: list[tuple[str, Line]] = []

    async def load_attempts(self, keys: Collection[AttemptKey]) -> None:
        """Read them after their orders' rows were locked."""
        self._attempts_loaded = await store.load_attempts(self.db, keys)
        self.attempts = dict(self._attempts_loaded)

    def keep(self, payment: Payment, attempt: Attempt) -> None:
        self.rows[payment.order_id] = payment
        self.attempts[attempt.key] = attempt

    def book(self, entries: Sequence[Entry]) -> None:
        self._entries.extend(entries)

    def note_lines(self, order_id: str, lines: Iterable[Line]) -> None:
        """What the order's price is made of, for refunds by line."""
        self._lines += [(order_id, line) for line in lines]

    def ask_charge(self, payment: Payment, charge: Attempt) -> None:
        self.keep(payment, charge)
        self.add_work(payment.order_id, charge.operation, {"number": charge.number})

    def ask_refund(self, payment: Payment, asked_minor: int, reason: str) -> Attempt | None:
        """Queue a refund of at most what is left; ``None`` when nothing is."""
        match queue_refund(payment, asked_minor, reason, self.now):
            case RefundQueued(asked, refund):
                self.keep(asked, refund)
                self.add_work(payment.order_id, refund.operation, {"number": refund.number})
                return refund
            case NothingToRefund():
                return None

    def take_beside(self, payment: Payment, charge: Attempt) -> None:
        """Keep a charge that came beside the payment's own, and ask all of it back."""
        counted, refund = stray_refund(payment, charge, self.now)
        self.keep(counted, charge)
        self.keep(counted, refund)
        self.add_work(payment.order_id, refund.operation, {"number": refund.number})

    async def save(self) -> None:
        self.work = [self._begun(row) for row in self.work]
        changed = [
            attempt
            for key, attempt in self.attempts.items()
            if attempt is not self._attempts_loaded.get(key)
        ]
        if changed:
            await store.save_attempts(self.writes, changed)
        if self._entries:
            await store.book(self.writes, self._entries, self.now)
        if self._lines:
            await store.add_lines(self.writes, self._lines)
        self._attempts_loaded, self._entries, self._lines = dict(self.attempts), [], []

    def _begun(self, row: NewWork) -> NewWork:
        """A first charge that is in hand begins here, if it would when it was taken up."""
        if row.lease_token is None or row.kind != "charge":
            return row
        payment = self.rows[row.order_id]
        charge = self.attempts[AttemptKey(row.order_id, "charge", row.payload["number"])]
        first = take_up_charge(charge, payment.window, self.now, self._limits)
        if not isinstance(first, CallNow) or payment.token is None:
            return row
        self.keep(payment, first.attempt)
        request = Charge(charge.provider_key, row.order_id, charge.money, payment.token)
        return replace(row, begun=request)
