"""The mail on the wire: the same at every attempt, and with one recipient."""

from dataclasses import replace

import pytest
from notifications.domain.letter import Message, Sender, compose, is_deliverable

from tests.unit.notifications.orders import PLACED_AT

SENDER = Sender("orders@shop.example", "shop.example")
MESSAGE = Message("msg_1", "ord_1", "ada@example.com", "Your order", "Dear Ada,\n", PLACED_AT)


def test_a_letter_is_the_same_bytes_at_every_attempt() -> None:
    assert compose(MESSAGE, SENDER).as_bytes() == compose(MESSAGE, SENDER).as_bytes()


def test_a_letter_carries_its_rows_id_order_and_time() -> None:
    letter = compose(MESSAGE, SENDER)

    assert letter["Message-ID"] == "<msg_1@shop.example>"
    assert letter["X-Order-Id"] == "ord_1"
    assert letter["Date"].datetime == PLACED_AT
    assert letter["From"] == "orders@shop.example"
    assert letter["To"] == "ada@example.com"


def test_a_letter_keeps_text_outside_ascii() -> None:
    letter = compose(replace(MESSAGE, subject="Ihre Größe", body="Grüße, 东京\n"), SENDER)

    assert letter["Subject"] == "Ihre Größe"
    assert letter.get_content() == "Grüße, 东京\n"


SMUGGLED = "a@b\r\nBcc: eve@example.com"


@pytest.mark.parametrize(
    "message",
    [
        replace(MESSAGE, subject=SMUGGLED),
        replace(MESSAGE, recipient=SMUGGLED),
        replace(MESSAGE, order_id=SMUGGLED),
    ],
)
def test_no_header_takes_a_line_break(message: Message) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        compose(message, SENDER)


@pytest.mark.parametrize("address", ["ada@example.com", "jörg@example.com", "a@bücher.example"])
def test_one_mailbox_is_deliverable(address: str) -> None:
    assert is_deliverable(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "a,b@example.com", "<a@b", "a b@c", "a@b\nBcc: c@d", "a@b, c@d", "a@b\x01"),
        *('a@["', "a@b" + "(" * 250, "a" + "(" * 250 + "@b"),
    ],
)
def test_anything_but_one_mailbox_is_not_deliverable(address: str) -> None:
    assert not is_deliverable(address)


def test_a_message_is_shown_without_address_and_text() -> None:
    assert "ada" not in repr(MESSAGE).lower()
