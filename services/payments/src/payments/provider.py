"""The payment provider as this service sees it: five questions and every answer they can have."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from shared.contracts.payments import DeclineReason

from payments.domain.money import Money
from payments.domain.strays import Movement


@dataclass(frozen=True, slots=True)
class Charge:
    """Take ``money`` for an order; ``key`` makes the provider do it once."""

    key: str
    order_id: str
    money: Money
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refund:
    """Give ``money`` of the charge ``charge_reference`` back."""

    key: str
    charge_reference: str
    money: Money


@dataclass(frozen=True, slots=True)
class Captured:
    """The provider has taken ``money``, which may be another amount than it was asked for."""

    reference: str
    money: Money


@dataclass(frozen=True, slots=True)
class Declined:
    """Refused for good: no money was taken and none will be."""

    reason: DeclineReason
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Refunded:
    reference: str
    money: Money


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """Refused for good: no money was given back under this key."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """The provider knows nothing of the key now; a call under way may still arrive."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or one that says nothing: the operation may have been done or not."""

    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the provider's list in the order of time; ``next`` is where it goes on."""

    movements: tuple[Movement, ...]
    next: str | None


ChargeAnswer: TypeAlias = Captured | Declined | NotFound | Unknown
RefundAnswer: TypeAlias = Refunded | RefundRefused | NotFound | Unknown
ListAnswer: TypeAlias = Page | Unknown


class Provider(Protocol):
    """Never raises for what the provider or the network does: that is an answer too."""

    async def charge(self, charge: Charge) -> ChargeAnswer: ...

    async def refund(self, refund: Refund) -> RefundAnswer: ...

    async def find_charge(self, key: str) -> ChargeAnswer: ...

    async def find_refund(self, key: str) -> RefundAnswer: ...

    async def list_movements(
        self, since: datetime, until: datetime, cursor: str | None
    ) -> ListAnswer: ...
