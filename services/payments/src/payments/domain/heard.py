"""What a provider's event means before anybody was asked: never that money moved."""

from typing import Literal, NamedTuple

from payments.domain.attempts import AttemptKey, Operation, State

Outcome = Literal["asked", "known", "unaccounted", "ignored"]
Type = Literal["charge.captured", "charge.declined", "charge.refunded"]


class KnownAttempt(NamedTuple):
    """As it was read, without its order's lock; one that succeeded never changes again."""

    key: AttemptKey
    state: State
    provider_reference: str | None


def outcome_of(told: Type, charge_id: str, known: KnownAttempt | None) -> Outcome:
    """``unaccounted`` is money that our books cannot explain; it is left to the comparison.

    An operation that is not settled is ``asked`` about, for only the provider's own answer counts.
    """
    if known is None or known.key.operation != operation_of(told):
        return "unaccounted"
    match told, known.state:
        case "charge.captured", "succeeded":
            return "known" if known.provider_reference == charge_id else "unaccounted"
        case "charge.refunded", "refused":
            return "unaccounted"
        case (_, "succeeded") | ("charge.declined", "refused"):
            return "known"
        case _:
            return "asked"


def operation_of(told: Type) -> Operation:
    return "refund" if told == "charge.refunded" else "charge"
