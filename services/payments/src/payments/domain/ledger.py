"""The ledger's double entries: each operation books two sides that sum to zero."""

from dataclasses import dataclass
from typing import Literal

from payments.domain.attempts import Attempt, Operation
from payments.domain.money import Money

Account = Literal["provider_clearing", "order_funds"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``tx_id`` is the operation's key at the provider, so that one operation is booked once."""

    tx_id: str
    account: Account
    amount_minor: int
    currency: str
    order_id: str
    operation: Operation
    number: int
    provider_reference: str


def entries(attempt: Attempt, moved: Money, reference: str) -> tuple[Entry, Entry]:
    """What ``attempt`` moved: a charge from the order's funds to us, a refund the other way."""
    minor = moved.minor if attempt.operation == "charge" else -moved.minor

    def entry(account: Account, amount_minor: int) -> Entry:
        return Entry(
            tx_id=attempt.provider_key,
            account=account,
            amount_minor=amount_minor,
            currency=moved.currency,
            order_id=attempt.order_id,
            operation=attempt.operation,
            number=attempt.number,
            provider_reference=reference,
        )

    return entry("provider_clearing", minor), entry("order_funds", -minor)
