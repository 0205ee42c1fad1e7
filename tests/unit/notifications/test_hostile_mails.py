"""What cannot be smuggled into a mail, whatever customers call themselves."""

import pytest
from notifications.domain.customer import Customer
from notifications.domain.fact import fact_of
from notifications.domain.letter import Message, Sender, compose
from notifications.domain.plain import one_line
from notifications.writing.about import LINES_SHOWN_MAX, NAME_CHARACTERS_MAX
from notifications.writing.content import Shop
from notifications.writing.mails import Written, write
from notifications.writing.subject import subject_of
from shared.contracts.orders import OrderLine, OrderPlaced

from tests.support import mailed_orders as orders
from tests.unit.notifications.reading import read, text_in

SHOP = Shop("The Shop")
CLIPPED_AT_BYTES = 102_400  # One large mail service cuts what is longer.
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}",
    "{% raw %}{name}{0}%(name)s",
    "' OR 1=1 -- &amp; <!-- ]]>",
    "<![endif]--><b>",
]


def customer(placed: OrderPlaced) -> Customer:
    return Customer(placed.order_id, "", "", "", "", "", "{}").learn(placed)


def mail_of(placed: OrderPlaced) -> Written:
    buyer = customer(placed)
    return write(fact_of(placed), buyer, subject_of("order-placed", buyer), SHOP)


def everywhere(text: str) -> OrderPlaced:
    """An order with ``text`` in every member a customer fills in."""
    placed = orders.placed(name=text, reference=text)
    line = OrderLine(sku=text, quantity=1, unit_price_minor=1530, description=text)
    address = placed.personal.address.model_copy(
        update={"line1": text, "line2": text, "city": text, "region": text}
    )
    personal = placed.personal.model_copy(update={"address": address})
    return placed.model_copy(
        update={"lines": (line,), "personal": personal, "purchase_order_number": text}
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_tags_and_braces_of_customers_are_text_and_come_whole(text: str) -> None:
    harmless = read(mail_of(everywhere("harmless")).html)
    mail = mail_of(everywhere(text))

    assert [tag for tag, _ in read(mail.html).tags] == [tag for tag, _ in harmless.tags]
    assert text_in(mail.html).count(" ".join(text.split())) >= 7
    assert f"Hello {text}," in mail.text
    assert "49" not in text_in(mail.html)


SCRIPTS = [
    "עדה לאבלייס",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 Ada",
    "می\u200cخواهم",
    "Zoë Ñandú",
    "D'Arcy & Söhne",
]


@pytest.mark.parametrize("name", SCRIPTS)
def test_names_of_all_scripts_come_whole(name: str) -> None:
    mail = mail_of(orders.placed(name=name))

    assert f"Hello {name}," in mail.text
    assert f"Hello {name}," in text_in(mail.html)


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\u2029"])
def test_no_line_break_passes_in_a_name_or_a_reference(line_break: str) -> None:
    smuggled = f"Ada{line_break}Bcc: eve@example.com"
    placed = everywhere(smuggled)
    mail, buyer = mail_of(placed), customer(placed)
    subject = subject_of("order-placed", buyer)
    message = Message(
        "msg_1", "ord_1", buyer.email, subject, orders.PLACED_AT, "en", mail.text, mail.html
    )
    letter = compose(message, Sender("The Shop", "orders@shop.example", "shop.example"))

    assert subject == "Your order Ada Bcc: eve@example.com has been received"
    assert "\nHello Ada Bcc: eve@example.com,\n" in mail.text
    assert "Bcc" not in letter


def test_control_and_direction_characters_are_dropped() -> None:
    assert one_line("\x00A\u202eda\x1b[2J \t L.") == "A da [2J L."


@pytest.mark.parametrize("name", ["", " \n ", "\u202e"])
def test_a_name_of_nothing_readable_is_left_out(name: str) -> None:
    assert "\nHello,\n" in mail_of(orders.placed(name=name)).text


def test_a_name_is_cut_at_its_limit() -> None:
    within, beyond = "n" * NAME_CHARACTERS_MAX, "n" * (NAME_CHARACTERS_MAX + 1)

    assert f"Hello {within}," in mail_of(orders.placed(name=within)).text
    assert f"Hello {within[:-1]}…," in mail_of(orders.placed(name=beyond)).text


def test_the_largest_order_makes_a_mail_that_is_not_clipped() -> None:
    placed = everywhere("&" * 500)
    many = placed.lines * (LINES_SHOWN_MAX + 1)
    placed = placed.model_copy(update={"lines": many, "client_reference": "&" * 128})

    assert len(mail_of(placed).html.encode()) < CLIPPED_AT_BYTES
