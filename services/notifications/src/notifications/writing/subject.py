"""The subject of each mail: it names the order as the customer knows it."""

from collections.abc import Mapping

from notifications.domain.customer import Customer
from notifications.domain.fact import Kind
from notifications.domain.plain import one_line
from notifications.writing.languages import language_of, marked

SUBJECTS: Mapping[Kind, str] = {
    "order-placed": marked("Your order {reference} has been received"),
    "order-confirmed": marked("Your order {reference} is confirmed"),
    "order-rejected": marked("Your order {reference} could not be accepted"),
    "order-expired": marked("Your order {reference} has expired"),
    "order-cancelled": marked("Your order {reference} is cancelled"),
    "order-cancellation-refused": marked("Your order {reference} cannot be cancelled"),
    "order-partially-shipped": marked("Your order {reference} is partly on its way"),
    "order-shipped": marked("Your order {reference} is on its way"),
    "order-delivered": marked("Your order {reference} was delivered"),
    "order-refunded": marked("Your refund for order {reference} is on its way to you"),
}


def subject_of(kind: Kind, customer: Customer) -> str:
    """One line, in the language of the customer's order."""
    language = language_of(customer.locale)
    return language.say(SUBJECTS[kind], reference=one_line(customer.client_reference))
