"""What a customer is told about each fact of an order: subject and plain text, in English."""

import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

from shared.contracts.event import split_type
from shared.contracts.orders import (
    OrderCancellationRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRejected,
    OrderShipped,
    RejectionReason,
    ShippedParcel,
)

from notifications.domain.money import readable_amount

MailedEvent: TypeAlias = (
    OrderPlaced
    | OrderConfirmed
    | OrderRejected
    | OrderExpired
    | OrderCancelled
    | OrderCancellationRefused
    | OrderPartiallyShipped
    | OrderShipped
    | OrderDelivered
)

NAME_CHARACTERS_MAX = 100
NO_MONEY_KEPT = (
    "We keep no money for this order: if your card was charged, the full amount goes back to it."
)
REASONS: dict[RejectionReason, str] = {
    "payment-declined": "the payment was declined",
    "out-of-stock": "not everything you ordered is in stock",
    "deadline-passed": "we could not complete it in time",
}


@dataclass(frozen=True, slots=True)
class Mail:
    """``kind`` and ``detail`` name the fact within its order, so that it is told once."""

    kind: str
    detail: str
    subject: str
    text: str


def write_mail(event: MailedEvent, name: str) -> Mail:
    """The mail that tells the customer called ``name`` of ``event``."""
    reference = one_line(event.client_reference)
    verb, paragraphs = _content(event)
    greeting = f"Dear {one_line(name)[:NAME_CHARACTERS_MAX] or 'customer'},"
    close = f"Your reference: {reference}\nOur order number: {event.order_id}"
    return Mail(
        kind=split_type(event.type).family.partition(".")[2],
        detail=_detail(event),
        subject=f"Your order {reference} {verb}",
        text="\n\n".join((greeting, *paragraphs, close)) + "\n",
    )


def one_line(text: str) -> str:
    """``text`` without line breaks or control and format characters, its spaces collapsed.

    Headers cannot be injected with it, and it cannot pretend to be a paragraph of ours.
    """
    printable = (" " if unicodedata.category(one) in _UNPRINTABLE else one for one in text)
    return " ".join("".join(printable).split())


_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _detail(event: MailedEvent) -> str:
    match event:
        case OrderPartiallyShipped() | OrderShipped():
            return event.parcel.shipment_id
        case _:
            return ""


def _content(event: MailedEvent) -> tuple[str, tuple[str, ...]]:
    """How the subject ends, and the paragraphs."""
    match event:
        case OrderPlaced():
            return "has arrived", (_placed(event),)
        case OrderConfirmed():
            paid = readable_amount(event.total_minor, event.currency)
            return "is confirmed", (
                f"Your payment of {paid} was accepted and your goods are set aside for you.",
            )
        case OrderRejected():
            return "could not be accepted", (_rejected(event), NO_MONEY_KEPT)
        case OrderExpired():
            return "has expired", ("We could not complete your order in time.", NO_MONEY_KEPT)
        case OrderCancelled():
            return "is cancelled", ("Your order is cancelled.", NO_MONEY_KEPT)
        case OrderCancellationRefused():
            return "cannot be cancelled", (
                "You asked us to cancel your order, but it had already left our warehouse. "
                "It will reach you as planned.",
            )
        case OrderPartiallyShipped():
            return "is partly on its way", (
                _parcel("The first part", event.parcel),
                "The rest follows.",
            )
        case OrderShipped():
            return "is on its way", (_parcel("Everything", event.parcel),)
        case OrderDelivered():
            return "was delivered", ("Your order was delivered. Thank you for buying from us.",)


def _placed(placed: OrderPlaced) -> str:
    total = readable_amount(placed.total_minor, placed.currency)
    items = sum(line.quantity for line in placed.lines)
    counted = f"{items} item{'s' if items != 1 else ''}"
    return f"We have your order of {counted} for {total}. We write again once it is confirmed."


def _rejected(rejected: OrderRejected) -> str:
    why = " and ".join(REASONS[reason] for reason in rejected.reasons)
    return f"We are sorry: we could not accept your order because {why}."


def _parcel(what: str, parcel: ShippedParcel) -> str:
    carrier, number = one_line(parcel.carrier), one_line(parcel.tracking_number)
    return f"{what} is on its way with {carrier}, tracking number {number}."
