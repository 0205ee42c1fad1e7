"""What customers read, and what cannot be smuggled into it."""

import pytest
from notifications.app import HANDLERS
from notifications.domain.customer import Customer
from notifications.domain.mails import (
    NAME_CHARACTERS_MAX,
    NO_MONEY_KEPT,
    MailedEvent,
    one_line,
    write_mail,
)

from tests.unit.notifications import orders

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
]


def test_every_event_with_a_handler_has_a_mail() -> None:
    assert {type(event) for event in ALL} == set(HANDLERS)


@pytest.mark.parametrize("event", ALL, ids=lambda event: type(event).__name__)
def test_every_mail_names_customer_reference_and_order(event: MailedEvent) -> None:
    mail = write_mail(event, "Ada Lovelace")

    assert mail.subject.startswith("Your order web-1 ")
    assert mail.text.startswith("Dear Ada Lovelace,\n\n")
    assert "Your reference: web-1\nOur order number: ord_1\n" in mail.text
    assert f"orders.{mail.kind}.v1" == event.type


def test_no_two_facts_of_an_order_read_alike() -> None:
    mails = [write_mail(event, "Ada") for event in ALL]

    assert len({mail.subject for mail in mails}) == len({mail.text for mail in mails}) == len(ALL)


def test_a_placed_order_is_acknowledged_with_its_items_and_total() -> None:
    assert "We have your order of 6 items for 15.30 GBP." in write_mail(orders.placed(), "").text


def test_a_single_item_is_counted_in_the_singular() -> None:
    line = orders.placed().lines[0].model_copy(update={"quantity": 1})
    one = orders.placed().model_copy(update={"lines": (line,)})

    assert "of 1 item for" in write_mail(one, "").text


def test_a_rejection_gives_every_reason_and_keeps_no_money() -> None:
    text = write_mail(orders.rejected("payment-declined", "out-of-stock"), "Ada").text

    assert "the payment was declined and not everything you ordered is in stock" in text
    assert NO_MONEY_KEPT in text


@pytest.mark.parametrize("event", [orders.expired(), orders.cancelled()])
def test_an_order_that_ended_early_keeps_no_money(event: MailedEvent) -> None:
    assert NO_MONEY_KEPT in write_mail(event, "Ada").text


@pytest.mark.parametrize("event", [orders.partially_shipped(), orders.shipped()])
def test_a_parcel_is_told_with_its_carrier_and_tracking_number(event: MailedEvent) -> None:
    mail = write_mail(event, "Ada")

    assert "with Royal Mail, tracking number RM1." in mail.text
    assert mail.detail == "shp_1"


def test_two_parcels_are_two_facts_and_two_deliveries_one() -> None:
    def fact(event: MailedEvent) -> tuple[str, str]:
        mail = write_mail(event, "Ada")
        return mail.kind, mail.detail

    assert fact(orders.partially_shipped("a")) != fact(orders.partially_shipped("b"))
    assert fact(orders.delivered()) == fact(orders.delivered())


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\u2029"])
def test_no_line_break_passes_in_a_name_or_a_reference(line_break: str) -> None:
    smuggled = f"Ada{line_break}Bcc: eve@example.com"
    mail = write_mail(orders.placed(reference=smuggled), smuggled)

    assert mail.subject == "Your order Ada Bcc: eve@example.com has arrived"
    assert mail.text.startswith("Dear Ada Bcc: eve@example.com,\n\n")


def test_control_and_direction_characters_are_dropped() -> None:
    assert one_line("\x00A\u202eda\x1b[2J \t L.") == "A da [2J L."


@pytest.mark.parametrize("name", ["", " \n ", "\u202e"])
def test_a_name_of_nothing_readable_becomes_customer(name: str) -> None:
    assert write_mail(orders.placed(), name).text.startswith("Dear customer,")


def test_a_name_is_cut_at_its_limit() -> None:
    within, beyond = "n" * NAME_CHARACTERS_MAX, "n" * (NAME_CHARACTERS_MAX + 1)

    assert write_mail(orders.placed(), beyond) == write_mail(orders.placed(), within)
    assert write_mail(orders.placed(), within) != write_mail(orders.placed(), within[:-1])


def test_what_is_known_of_a_customer_stays_when_the_order_is_placed_again() -> None:
    unknown = Customer("ord_1", "", "", "", "", "")
    first = unknown.learn(orders.placed(email="ada@example.com"))

    assert first.email == "ada@example.com"
    assert first.learn(orders.placed(email="eve@example.com")) is first


def test_a_customer_is_shown_without_name_and_address() -> None:
    shown = repr(Customer("ord_1", "", "", "", "", "").learn(orders.placed()))

    assert "ada@example.com" not in shown
    assert "Lovelace" not in shown
