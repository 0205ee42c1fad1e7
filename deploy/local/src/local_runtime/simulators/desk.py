"""Decides and does: one call against the book, under the token's behaviour and the faults."""

import json
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from local_runtime.simulators.behaviours import Delivery
from local_runtime.simulators.book import Answer, Book, Entry, Operation
from local_runtime.simulators.charges import Change, Charge, OperationName, Refused
from local_runtime.simulators.faults import ProviderFaults

GARBAGE = Answer(200, "<html><body>Bad gateway</body></html>", "text/html")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to move money, read and not yet judged."""

    key: str
    fingerprint: str
    opens_charge: bool
    delivery: Delivery
    plan: Callable[[], Change | Refused]


class Desk:
    """What the provider knows between calls: its book, its faults and who came how often.

    ``met`` counts calls by the fault they have met, ``answer`` those that could have and did not;
    what a token asks for is no fault.
    """

    def __init__(self, book: Book, faults: ProviderFaults) -> None:
        self.book = book
        self.faults = faults
        self.faults_at_start = faults
        self.met: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()

    def delivery(self, call: Call, op: OperationName) -> Delivery:
        """The token decides; only a call that would simply be answered can meet a fault."""
        attempt = self._attempt(call.key)
        if call.delivery is Delivery.ERROR_THEN_ANSWER:
            return Delivery.ERROR if attempt == 1 else Delivery.ANSWER
        if call.delivery is not Delivery.ANSWER:
            return call.delivery
        if op == "refund" and self.faults.refund_fails(call.key, attempt):
            self.met["refund_error"] += 1
            return Delivery.ERROR
        delivery = self.faults.delivery(call.key, attempt)
        self.met[delivery.name.lower()] += 1
        return delivery

    def loses_get(self, subject: str) -> bool:
        loses = self.faults.loses_get(subject, self._attempt(f"get:{subject}"))
        self.met["lost_get"] += loses
        return loses

    def perform(self, call: Call, *, garbled: bool = False) -> Entry | Refused:
        """Plan again and write: the charge may have changed since the call came in."""
        change = call.plan()
        if isinstance(change, Refused):
            return change
        operation = _operation(call.key, change)
        answer = _answer(call, change, operation)
        entry = Entry(operation, change.charge, call.fingerprint, GARBAGE if garbled else answer)
        self.book.record(entry)
        return entry

    def _attempt(self, subject: str) -> int:
        self._attempts[subject] += 1
        return self._attempts[subject]


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid.uuid4().hex}"


def operation_body(operation: Operation, charge: Charge) -> dict[str, object]:
    return {
        "id": operation.id,
        "op": operation.op,
        "charge": asdict(charge),
        "amount_minor": operation.amount_minor,
        "currency": operation.currency,
        "ok": operation.ok,
    }


def _operation(key: str, change: Change) -> Operation:
    return Operation(
        id=new_id("op"),
        op=change.op,
        order_id=change.charge.order_id,
        key=key,
        charge_id=change.charge.id,
        amount_minor=change.amount_minor,
        currency=change.charge.currency,
        ok=change.ok,
        at=datetime.now(UTC).isoformat(),
    )


def _answer(call: Call, change: Change, operation: Operation) -> Answer:
    if not call.opens_charge:
        return Answer(201, json.dumps(operation_body(operation, change.charge)))
    return Answer(201 if change.ok else 402, json.dumps(asdict(change.charge)))
