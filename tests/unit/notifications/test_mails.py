"""What customers read: the facts, in both parts, and that of each order once."""

import pytest
from notifications.app import HANDLERS
from notifications.domain.customer import Customer
from notifications.domain.details import LINES_KEPT_MAX
from notifications.domain.fact import MailedEvent, fact_of
from notifications.writing.about import LINES_SHOWN_MAX
from notifications.writing.content import Content, Shop
from notifications.writing.html import html_of
from notifications.writing.mails import content_of, write
from notifications.writing.subject import subject_of
from notifications.writing.text import text_of
from shared.contracts.orders import OrderLine, OrderPlaced, ParcelLine

from tests.support import mailed_orders as orders
from tests.unit.notifications.reading import strings_of, text_in

ALL: list[MailedEvent] = [
    orders.placed(),
    orders.confirmed(),
    orders.rejected("out-of-stock"),
    orders.expired(),
    orders.cancelled(),
    orders.cancellation_refused(),
    orders.partially_shipped(),
    orders.shipped(),
    orders.delivered(),
    orders.refunded(),
]
SHOP = Shop("The Shop")
NO_MONEY = "You pay nothing for this order. If your card was charged, you get the full amount back"


def customer(placed: OrderPlaced | None = None) -> Customer:
    placed = placed or orders.placed()
    return Customer(placed.order_id, "", "", "", "", "", "{}").learn(placed)


def content(event: MailedEvent, placed: OrderPlaced | None = None) -> Content:
    return content_of(fact_of(event), customer(placed), SHOP)


def text(event: MailedEvent, placed: OrderPlaced | None = None) -> str:
    return text_of(content(event, placed))


def placed_with(*lines: OrderLine) -> OrderPlaced:
    total_minor = sum(line.quantity * line.unit_price_minor for line in lines)
    return orders.placed().model_copy(update={"lines": lines, "total_minor": total_minor})


def test_every_event_with_a_handler_has_a_mail() -> None:
    assert {type(event) for event in ALL} == set(HANDLERS)


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_every_mail_names_customer_reference_order_and_shop(event: MailedEvent) -> None:
    said = text(event)

    assert "\nHello Ada Lovelace,\n" in said
    assert "  Your reference: web-1\n  Our order number: ord_1\n" in said
    assert "  Ordered on: 1 March 2026\n" in said
    assert "Delivery address\n  Ada Lovelace\n  1 Road\n  Ely CB7\n  United Kingdom\n" in said
    assert said.endswith("-- \nThe Shop sent you this e-mail about your order web-1.\n")
    assert "web-1" in subject_of(fact_of(event).kind, customer())
    assert f"orders.{fact_of(event).kind}.v1" == event.type


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_both_parts_say_the_same(event: MailedEvent) -> None:
    mail = write(fact_of(event), customer(), "Subject", SHOP)
    said = [one for one in strings_of(content(event)) if one]
    html = text_in(mail.html)

    assert [one for one in said if one not in html] == []
    steps = content(orders.placed()).told.steps
    ornaments = {content(event).told.badge, *(one.label for one in steps)}
    missing = [one for one in said if one not in " ".join(mail.text.split())]
    assert set(missing) <= ornaments


def test_no_two_facts_of_an_order_read_alike() -> None:
    subjects = {subject_of(fact_of(event).kind, customer()) for event in ALL}

    assert len(subjects) == len({text(event) for event in ALL}) == len(ALL)


def test_a_placed_order_is_acknowledged_with_its_lines_and_total() -> None:
    said = text(orders.placed())

    assert "We have received your order of 6 items for £15.30." in said
    assert "What you ordered\n  85123A, 6 × £2.55: £15.30\n  Total: £15.30\n" in said


def test_a_single_item_is_counted_in_the_singular() -> None:
    one = placed_with(OrderLine(sku="a", quantity=1, unit_price_minor=255))

    assert "of 1 item for £2.55" in text(one, one)


def test_a_line_is_named_by_its_description_where_it_has_one() -> None:
    described = OrderLine(sku="a", quantity=1, unit_price_minor=2, description="A lamp")
    blank = OrderLine(sku="b", quantity=1, unit_price_minor=1, description="\n")
    placed = placed_with(described, blank)

    assert "  A lamp, 1 × £0.02: £0.02\n  b, 1 × £0.01: £0.01\n" in text(placed, placed)


@pytest.mark.parametrize("count", [LINES_SHOWN_MAX, LINES_SHOWN_MAX + 1, 593])
def test_lines_beyond_the_limit_are_counted_not_shown(count: int) -> None:
    lines = [OrderLine(sku=f"sku-{n}", quantity=1, unit_price_minor=1) for n in range(count)]
    placed = placed_with(*lines)
    goods = content(placed, placed).told.goods
    assert goods is not None

    beyond = count - LINES_SHOWN_MAX
    words = {0: "", 1: "and 1 more line"}
    assert len(goods.lines) == LINES_SHOWN_MAX < LINES_KEPT_MAX
    assert goods.more == words.get(beyond, f"and {beyond} more lines")


def test_a_rejection_gives_every_reason_and_keeps_no_money() -> None:
    said = text(orders.rejected("payment-declined", "out-of-stock"))

    assert "Your payment was declined. Not everything you ordered is in stock." in said
    assert NO_MONEY in said
    assert "Total" not in said


@pytest.mark.parametrize("event", [orders.expired(), orders.cancelled()])
def test_an_order_that_ended_early_keeps_no_money(event: MailedEvent) -> None:
    assert NO_MONEY in text(event)
    assert "Total" not in text(event)


@pytest.mark.parametrize(("reason", "asked"), [("customer", True), ("fraud", False)])
def test_a_cancellation_says_whether_the_customer_asked_for_it(reason: str, asked: bool) -> None:
    said = text(orders.cancelled().model_copy(update={"reason": reason}))

    assert ("as you asked" in said) is asked
    assert ("sorry" in said) is not asked


@pytest.mark.parametrize("event", [orders.partially_shipped(), orders.shipped()])
def test_a_parcel_is_told_with_its_carrier_and_tracking_number(event: MailedEvent) -> None:
    assert "Carrier: Royal Mail\nTracking number: RM1\n" in text(event)
    assert fact_of(event).detail == "shp_1"


def test_a_parcel_tells_what_is_in_it() -> None:
    lamp = OrderLine(sku="a", quantity=3, unit_price_minor=2, description="A lamp")
    inside = (ParcelLine(sku="a", quantity=2), ParcelLine(sku="unknown", quantity=1_000))
    shipped = orders.shipped()
    parcel = shipped.parcel.model_copy(update={"lines": inside})

    said = text(shipped.model_copy(update={"parcel": parcel}), placed_with(lamp))

    assert "In this parcel\n  A lamp, a: × 2\n  unknown: × 1,000\n" in said


def test_two_parcels_are_two_facts_and_two_deliveries_one() -> None:
    def named(event: MailedEvent) -> tuple[str, str]:
        return fact_of(event).kind, fact_of(event).detail

    assert named(orders.partially_shipped("a")) != named(orders.partially_shipped("b"))
    assert named(orders.delivered()) == named(orders.delivered())


def test_a_refund_tells_its_amount_and_the_sum_when_there_were_others() -> None:
    only, second = orders.refunded(1530, 1530), orders.refunded(500, 1530)

    assert "We have sent £15.30 back" in text(only)
    assert "in total" not in text(only)
    assert "Refund: £5.00\nRefunded in total: £15.30\n" in text(second)


def test_two_refunds_are_two_facts_and_one_told_again_is_one() -> None:
    first, second = fact_of(orders.refunded(500, 500)), fact_of(orders.refunded(500, 1_000))

    assert first.detail != second.detail
    assert first == fact_of(orders.refunded(500, 500))


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_an_order_of_before_mails_had_details_is_mailed_without_them(event: MailedEvent) -> None:
    """Its row has the address, and nothing of what was ordered."""
    bare = Customer("ord_1", "ada@example.com", "Ada", "en-GB", "default", "web-1", "{}")
    mail = write(fact_of(event), bare, "Subject", SHOP)

    assert "Hello Ada," in mail.text
    assert "Delivery address" not in mail.text


def test_a_shop_with_a_logo_shows_it_under_its_name() -> None:
    shop = Shop("The Shop", "https://shop.example/logo.png")
    html = html_of(content(orders.placed()), "Subject", shop)

    assert '<img src="https://shop.example/logo.png" alt="The Shop"' in html


def test_what_is_known_of_a_customer_stays_when_the_order_is_placed_again() -> None:
    first = customer(orders.placed(email="ada@example.com"))

    assert first.email == "ada@example.com"
    assert first.learn(orders.placed(email="eve@example.com")) is first


def test_a_customer_is_shown_without_name_and_address() -> None:
    shown = repr(customer())

    assert "ada@example.com" not in shown
    assert "Lovelace" not in shown
    assert "Road" not in shown
