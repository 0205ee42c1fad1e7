"""The subject of each mail: it names the order as the customer knows it."""

from notifications.domain.customer import Customer
from notifications.domain.fact import Kind
from notifications.domain.plain import one_line
from notifications.writing.languages import Language, language_of


def subject_of(kind: Kind, customer: Customer) -> str:
    """One line, in the language of the customer's order."""
    language = language_of(customer.locale)
    return _subject(kind, language).format(reference=one_line(customer.client_reference))


def _subject(kind: Kind, language: Language) -> str:
    say = language.translations.gettext
    match kind:
        case "order-placed":
            return say("Your order {reference} has been received")
        case "order-confirmed":
            return say("Your order {reference} is confirmed")
        case "order-rejected":
            return say("Your order {reference} could not be accepted")
        case "order-expired":
            return say("Your order {reference} has expired")
        case "order-cancelled":
            return say("Your order {reference} is cancelled")
        case "order-cancellation-refused":
            return say("Your order {reference} cannot be cancelled")
        case "order-partially-shipped":
            return say("Your order {reference} is partly on its way")
        case "order-shipped":
            return say("Your order {reference} is on its way")
        case "order-delivered":
            return say("Your order {reference} was delivered")
