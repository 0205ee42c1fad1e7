"""One order and all that can be told of it: what mails are looked at and tested with."""

from datetime import UTC, datetime, timedelta

from notifications.domain.customer import Customer
from notifications.domain.fact import Fact, MailedEvent, fact_of
from notifications.writing.content import Shop
from shared.contracts.orders import (
    Address,
    OrderCancellationRefused,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderExpired,
    OrderLine,
    OrderPartiallyShipped,
    OrderPlaced,
    OrderRefunded,
    OrderRejected,
    OrderShipped,
    ParcelLine,
    PaymentMethod,
    Personal,
    ShippedParcel,
)

LOCALES = ("en-GB", "de-DE", "fr-FR", "pt-BR")
SHOP = Shop("The Lantern Shop")
AT = datetime(2026, 11, 2, 8, 26, tzinfo=UTC)
ORDER_ID = "ord_0198c1a2b3c47d5e8f90a1b2c3d4e5f6"
ABOUT = {"order_id": ORDER_ID, "client_reference": "web-536365"}
CURRENCIES = {"en-GB": "GBP", "pt-BR": "BRL"}
COUNTRIES = {"en-GB": "GB", "de-DE": "DE", "fr-FR": "FR", "pt-BR": "BR"}
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
    address = Address(
        name="Customer 17850",
        line1="1 Sample Street",
        city="Sampleton",
        postal_code="N1 7AA",
        country=COUNTRIES.get(locale, "GB"),
    )
    return OrderPlaced(
        **ABOUT,
        channel="b2c",
        currency=currency_of(locale),
        locale=locale,
        customer_id=None,
        lines=LINES,
        total_minor=TOTAL_MINOR,
        payment=PaymentMethod(method="card", token="tok_ok"),
        personal=Personal(name="Customer 17850", email="a17850@example.com", address=address),
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
    events: dict[str, MailedEvent] = {
        "1-received": placed("en-GB"),
        "2-confirmed": OrderConfirmed(**ABOUT, total_minor=TOTAL_MINOR, currency=currency),
        "3-rejected": OrderRejected(**ABOUT, reasons=("payment-declined", "out-of-stock")),
        "3-rejected-late": OrderRejected(**ABOUT, reasons=("deadline-passed",)),
        "4-expired": OrderExpired(**ABOUT),
        "5-partially-shipped": OrderPartiallyShipped(**ABOUT, parcel=PARCEL),
        "5-shipped": OrderShipped(**ABOUT, parcel=PARCEL),
        "6-delivered": OrderDelivered(**ABOUT),
        "7-cancelled": OrderCancelled(**ABOUT, reason="customer"),
        "7-cancelled-by-us": OrderCancelled(**ABOUT, reason="fraud"),
        "8-cancellation-refused": OrderCancellationRefused(**ABOUT, reason="already-dispatched"),
        "9-refunded": _refund(1530, 1530, currency),
        "9-refunded-again": _refund(2034, 3564, currency),
    }
    return {name: fact_of(event) for name, event in events.items()}


def _refund(now_minor: int, total_minor: int, currency: str) -> OrderRefunded:
    return OrderRefunded(
        **ABOUT,
        amount_minor=now_minor,
        refunded_total_minor=total_minor,
        currency=currency,
        reason="customer",
    )
