"""The mail on the wire: the same at every attempt, and with one recipient."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.errors import MessageError, NonASCIILocalPartDefect
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifications.domain.letter import Message, Sender, compose, is_deliverable

from tests.support.mailed_orders import PLACED_AT

SENDER = Sender("The Shop", "orders@shop.example", "shop.example")
MESSAGE = Message(
    message_id="msg_1",
    order_id="ord_1",
    recipient="ada@example.com",
    subject="Your order",
    created_at=PLACED_AT,
    language="en",
    text="Dear Ada,\n",
    html="<p>Dear Ada,</p>\n",
)


def received(message: Message, sender: Sender = SENDER) -> EmailMessage:
    """The mail as its recipient reads it."""
    return message_from_bytes(compose(message, sender).as_bytes(), policy=policy.default)


def content(letter: EmailMessage, subtype: str) -> str:
    part = letter.get_body((subtype,))
    assert part is not None
    text: str = part.get_content()
    return text


def test_a_letter_is_the_same_bytes_at_every_attempt() -> None:
    assert compose(MESSAGE, SENDER).as_bytes() == compose(MESSAGE, SENDER).as_bytes()


def test_a_letter_carries_its_rows_id_order_and_time() -> None:
    letter = received(MESSAGE)

    assert letter["Message-ID"] == "<msg_1@shop.example>"
    assert letter["X-Order-Id"] == "ord_1"
    assert letter["Date"].datetime == PLACED_AT
    assert letter["From"] == "The Shop <orders@shop.example>"
    assert letter["To"] == "ada@example.com"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Content-Language"] == "en"


def test_a_letter_has_a_text_and_an_html_part_the_best_last() -> None:
    """RFC 2046, 5.1.4: the last alternative is the one to show."""
    letter = received(MESSAGE)

    assert letter.get_content_type() == "multipart/alternative"
    assert [one.get_content_type() for one in letter.iter_parts()] == ["text/plain", "text/html"]
    assert content(letter, "plain") == "Dear Ada,\n"
    assert content(letter, "html") == "<p>Dear Ada,</p>\n"


def test_a_message_without_html_is_plain_text() -> None:
    letter = received(replace(MESSAGE, html=None))

    assert letter.get_content_type() == "text/plain"
    assert letter.get_content() == "Dear Ada,\n"


def test_a_letter_keeps_text_outside_ascii() -> None:
    parts = replace(MESSAGE, text="Grüße, 东京\n", html="<p>é</p>\n")
    letter = received(replace(parts, subject="Ihre Größe 🎁"))

    assert letter["Subject"] == "Ihre Größe 🎁"
    assert content(letter, "plain") == "Grüße, 东京\n"
    assert content(letter, "html") == "<p>é</p>\n"


def test_a_letter_is_ascii_in_short_lines_whatever_it_says() -> None:
    """Servers without 8BITMIME take it, and no line is longer than RFC 5322 allows."""
    long = "é" * 5_000 + "\n"
    sent = compose(replace(MESSAGE, subject="ü" * 300, text=long, html=long), SENDER)
    lines = sent.as_bytes(policy=policy.SMTP).split(b"\r\n")

    assert all(line.isascii() and len(line) <= 998 for line in lines)


@pytest.mark.parametrize("name", ["Müller & Söhne", 'The "Best", Shop', "Shop <a@b.example>, Inc."])
def test_any_name_of_a_shop_is_one_sender(name: str) -> None:
    letter = received(MESSAGE, replace(SENDER, name=name))

    (sender,) = letter["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "orders@shop.example")


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


@given(
    st.one_of(
        st.text(st.sampled_from("aZ09_+-.@"), max_size=12),
        st.text(st.sampled_from("a1.@ \t\r\n\x00()<>,:;\"[]\\=?'%é\u202e"), max_size=8),
    )
)
def test_a_plain_mailbox_is_one_for_who_parses_it_too(address: str) -> None:
    try:
        Address(addr_spec=address)
    except NonASCIILocalPartDefect:
        is_one = True
    except (ValueError, MessageError, IndexError, AttributeError):
        is_one = False
    else:
        is_one = True

    assert is_deliverable(address) is is_one


def test_a_message_is_shown_without_address_and_text() -> None:
    assert "ada" not in repr(MESSAGE).lower()
