"""A fact and its order -> the whole mail, as content, as text and as HTML."""

from dataclasses import dataclass, field

from shared.contracts import orders

from notifications.domain.customer import Customer
from notifications.domain.details import OrderDetails
from notifications.domain.fact import Fact
from notifications.domain.plain import one_line
from notifications.writing import formats
from notifications.writing.about import NAME_CHARACTERS_MAX, About
from notifications.writing.content import Address, Content, Order, Row, Shop
from notifications.writing.html import html_of
from notifications.writing.languages import language_of
from notifications.writing.telling import tell
from notifications.writing.text import text_of


@dataclass(frozen=True, slots=True)
class Written:
    """Both parts of a mail; ``language`` is that of its words (BCP 47)."""

    language: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def write(fact: Fact, customer: Customer, subject: str, shop: Shop) -> Written:
    """The same mail at every attempt: it depends on nothing but its arguments."""
    content = content_of(fact, customer, shop)
    return Written(content.language, text_of(content), html_of(content, subject, shop))


def content_of(fact: Fact, customer: Customer, shop: Shop) -> Content:
    """Everything the mail says, in the language of the customer's order."""
    about = About(fact, customer, language_of(customer.locale))
    return Content(
        language=about.language.tag,
        greeting=_greeting(about),
        told=tell(about),
        order=_order(about),
        address=_address(about, about.order),
        closing=about.language.say(
            "{shop} sent you this e-mail about your order {reference}.",
            shop=shop.name,
            reference=about.reference,
        ),
    )


def _greeting(about: About) -> str:
    name = one_line(about.customer.name, NAME_CHARACTERS_MAX)
    if not name:
        return about.language.say("Hello,")
    return about.language.say("Hello {name},", name=name)


def _order(about: About) -> Order:
    say, order = about.language.say, about.order
    rows = [
        Row(say("Your reference"), about.reference),
        Row(say("Our order number"), about.customer.order_id),
    ]
    if order.purchase_order_number:
        rows.append(Row(say("Purchase order"), one_line(order.purchase_order_number)))
    if order.placed_at is not None:
        rows.append(Row(say("Ordered on"), formats.date(about.language.locale, order.placed_at)))
    return Order(say("Your order"), tuple(rows))


def _address(about: About, order: OrderDetails) -> Address | None:
    if order.address is None:
        return None
    lines = (one_line(one, NAME_CHARACTERS_MAX) for one in _lines(order.address, about))
    return Address(about.language.say("Delivery address"), tuple(filter(None, lines)))


def _lines(address: orders.Address, about: About) -> tuple[str, ...]:
    """Postal code and city in the order of the country, as far as two habits tell."""
    town = f"{address.postal_code} {address.city}"
    if address.country in _CITY_FIRST:
        town = f"{address.city} {address.postal_code}"
    country = formats.country(about.language.locale, address.country)
    line2, region = address.line2 or "", address.region or ""
    return (address.name, address.line1, line2, town, region, country)


_CITY_FIRST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US"})
