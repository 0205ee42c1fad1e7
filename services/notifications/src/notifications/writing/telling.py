"""What each fact has to say to the customer, in the words of the catalogue's source, English."""

from collections.abc import Callable, Mapping

from shared.contracts.orders import RejectionReason, ShippedParcel

from notifications.domain.fact import Kind
from notifications.writing.about import About
from notifications.writing.content import Told
from notifications.writing.languages import Language


def _received(about: About) -> Told:
    language = about.language
    have = language.count(
        "We have received your order of {number} item for {total}.",
        "We have received your order of {number} items for {total}.",
        about.order.items,
        total=about.total,
    )
    return Told(
        badge=language.say("Received"),
        tone="wait",
        headline=language.say("Thank you for your order"),
        preview=have,
        paragraphs=(have, language.say("We will write to you again as soon as it is confirmed.")),
        steps=about.steps(1),
        goods=about.ordered(with_total=True),
    )


def _confirmed(about: About) -> Told:
    say = about.language.say
    paid = say(
        "Your payment of {amount} was accepted and your goods are set aside for you.",
        amount=about.amount,
    )
    return Told(
        badge=say("Confirmed"),
        tone="good",
        headline=say("Your order is confirmed"),
        preview=paid,
        paragraphs=(paid, say("We will let you know as soon as they are on their way.")),
        steps=about.steps(2),
        goods=about.ordered(with_total=True),
    )


def _rejected(about: About) -> Told:
    say = about.language.say
    reasons = " ".join(_reason(one, about.language) for one in about.fact.reasons)
    return Told(
        badge=say("Not accepted"),
        tone="calm",
        headline=say("We could not accept your order"),
        preview=reasons,
        paragraphs=(
            say("We are sorry that we cannot send you what you ordered."),
            reasons,
            _no_money_kept(about.language),
        ),
        goods=about.ordered(with_total=False),
    )


def _reason(reason: RejectionReason, language: Language) -> str:
    match reason:
        case "payment-declined":
            return language.say("Your payment was declined.")
        case "out-of-stock":
            return language.say("Not everything you ordered is in stock.")
        case "deadline-passed":
            return language.say("We could not complete your order in time.")


def _no_money_kept(language: Language) -> str:
    return language.say(
        "You pay nothing for this order. If your card was charged, you get the full amount back, "
        "and we write to you as soon as it is on its way."
    )


def _expired(about: About) -> Told:
    say = about.language.say
    late = say("We could not complete your order in time.")
    return Told(
        badge=say("Expired"),
        tone="calm",
        headline=say("Your order has expired"),
        preview=late,
        paragraphs=(late, say("We are sorry about that."), _no_money_kept(about.language)),
        goods=about.ordered(with_total=False),
    )


def _cancelled(about: About) -> Told:
    say = about.language.say
    asked = about.fact.asked_by_customer
    done = (
        say("We have cancelled your order, as you asked.")
        if asked
        else say("We had to cancel your order, and we are sorry about that.")
    )
    return Told(
        badge=say("Cancelled"),
        tone="calm",
        headline=say("Your order is cancelled"),
        preview=done,
        paragraphs=(done, _no_money_kept(about.language)),
        goods=about.ordered(with_total=False),
    )


def _cancellation_refused(about: About) -> Told:
    say = about.language.say
    too_late = say("You asked us to cancel your order, but it was too late to stop it.")
    return Told(
        badge=say("On its way"),
        tone="wait",
        headline=say("Your order can no longer be cancelled"),
        preview=too_late,
        paragraphs=(too_late, say("It will reach you as planned.")),
        steps=about.steps(3),
        goods=about.ordered(with_total=True),
    )


def _parcel(about: About) -> ShippedParcel:
    assert about.fact.parcel is not None, about.fact.kind
    return about.fact.parcel


def _partially_shipped(about: About) -> Told:
    say, parcel = about.language.say, _parcel(about)
    part = say("A part of your order has left our warehouse.")
    return Told(
        badge=say("Partly on its way"),
        tone="good",
        headline=say("A part of your order is on its way"),
        preview=part,
        paragraphs=(part, say("The rest follows in another parcel.")),
        panel=about.tracking(parcel),
        steps=about.steps(3),
        goods=about.packed(parcel),
    )


def _shipped(about: About) -> Told:
    say, parcel = about.language.say, _parcel(about)
    left = say("Good news: your order has left our warehouse.")
    return Told(
        badge=say("On its way"),
        tone="good",
        headline=say("Your order is on its way"),
        preview=left,
        paragraphs=(left, say("With the tracking number you can follow it to your door.")),
        panel=about.tracking(parcel),
        steps=about.steps(3),
        goods=about.packed(parcel),
    )


def _delivered(about: About) -> Told:
    say = about.language.say
    arrived = say("Your order has arrived. We hope you enjoy it.")
    return Told(
        badge=say("Delivered"),
        tone="good",
        headline=say("Your order was delivered"),
        preview=arrived,
        paragraphs=(arrived, say("Thank you for shopping with us.")),
        steps=about.steps(4),
        goods=about.ordered(with_total=True),
    )


def _refunded(about: About) -> Told:
    say = about.language.say
    back = say("We have sent {amount} back to the card you paid with.", amount=about.amount)
    return Told(
        badge=say("Refunded"),
        tone="good",
        headline=say("Your money is on its way back to you"),
        preview=back,
        paragraphs=(
            back,
            say("Depending on your bank, it can take a few days until you see it."),
        ),
        panel=about.refunds(),
    )


TELLERS: Mapping[Kind, Callable[[About], Told]] = {
    "order-placed": _received,
    "order-confirmed": _confirmed,
    "order-rejected": _rejected,
    "order-expired": _expired,
    "order-cancelled": _cancelled,
    "order-cancellation-refused": _cancellation_refused,
    "order-partially-shipped": _partially_shipped,
    "order-shipped": _shipped,
    "order-delivered": _delivered,
    "order-refunded": _refunded,
}


def tell(about: About) -> Told:
    """The part of a mail that differs from fact to fact."""
    return TELLERS[about.fact.kind](about)
