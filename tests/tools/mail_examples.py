"""One order and all that can be told of it: what mails are looked at and tested with."""

from datetime import UTC, datetime, timedelta

from notifications.domain.customer import Customer
from notifications.domain.fact import Fact, MailedEvent, fact_of
from notifications.writing.content import Shop
from shared.contracts.orders import Address, OrderLine, OrderPlaced, ParcelLine, ShippedParcel

from tests.support import mailed_orders as orders

LOCALES = ("en-GB", "de-DE", "fr-FR", "pt-BR")
SHOP = Shop("The Lantern Shop")
AT = datetime(2026, 11, 2, 8, 26, tzinfo=UTC)
ORDER_ID = "ord_0198c1a2b3c47d5e8f90a1b2c3d4e5f6"
ABOUT = {"order_id": ORDER_ID, "client_reference": "web-536365"}
CURRENCIES = {"en-GB": "GBP", "pt-BR": "BRL"}
COUNTRIES = {"en-GB": "GB", "de-DE": "DE", "fr-FR": "FR", "pt-BR": "BR"}
ADDRESS = Address(
    name="", line1="1 Sample Street", city="Sampleton", postal_code="N1 7AA", country="GB"
)
LINES = (
    OrderLine(
        sku="85123A",
        quantity=6,
        unit_price_minor=255,
        description="White hanging heart t-light holder",
    ),
    OrderLine(sku="71053", quantity=6, unit_price_minor=339, description="White metal lantern"),
    OrderLine(
        sku="84029E",
        quantity=1_200,
        unit_price_minor=425,
        description="Red woolly hottie, white heart",
    ),
)
TOTAL_MINOR = sum(line.quantity * line.unit_price_minor for line in LINES)
PARCEL = ShippedParcel(
    shipment_id="shp_1",
    carrier="Royal Post",
    tracking_number="RP 1234 5678 9GB",
    lines=tuple(ParcelLine(sku=line.sku, quantity=line.quantity) for line in LINES[:2]),
)


def placed(locale: str) -> OrderPlaced:
    country = COUNTRIES.get(locale, "GB")
    return orders.placed(
        ORDER_ID,
        name="Customer 17850",
        email="a17850@example.com",
        reference="web-536365",
        address=ADDRESS.model_copy(update={"country": country}),
        currency=currency_of(locale),
        locale=locale,
        lines=LINES,
        total_minor=TOTAL_MINOR,
        placed_at=AT,
        deadline_at=AT + timedelta(minutes=15),
    )


def currency_of(locale: str) -> str:
    return CURRENCIES.get(locale, "EUR")


def customer(locale: str) -> Customer:
    """The row of an order that was placed in ``locale``."""
    return Customer(ORDER_ID, "", "", "", "", "", "{}").learn(placed(locale))


def facts(currency: str) -> dict[str, Fact]:
    """One of each kind; of a kind whose words depend on a member, one for each."""
    again: dict[str, str] = {**ABOUT, "currency": currency}
    events: dict[str, MailedEvent] = {
        "1-received": placed("en-GB"),
        "2-confirmed": orders.confirmed(**again, total_minor=TOTAL_MINOR),
        "3-rejected": orders.rejected("payment-declined", "out-of-stock", **ABOUT),
        "3-rejected-late": orders.rejected("deadline-passed", **ABOUT),
        "4-expired": orders.expired(**ABOUT),
        "5-partially-shipped": orders.partially_shipped(**ABOUT, parcel=PARCEL),
        "5-shipped": orders.shipped(**ABOUT, parcel=PARCEL),
        "6-delivered": orders.delivered(**ABOUT),
        "7-cancelled": orders.cancelled(**ABOUT),
        "7-cancelled-by-us": orders.cancelled(**ABOUT, reason="fraud"),
        "8-cancellation-refused": orders.cancellation_refused(**ABOUT),
        "9-refunded": orders.refunded(1530, 1530, **again),
        "9-refunded-again": orders.refunded(2034, 3564, **again),
    }
    return {name: fact_of(event) for name, event in events.items()}
