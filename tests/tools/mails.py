"""Every customer mail in every language, as files: ``python -m tests.tools.mails OUT``."""

import argparse
import sys
from email import policy
from pathlib import Path

from notifications.domain.letter import Message, Sender, compose
from notifications.writing.content import Shop
from notifications.writing.mails import Written, write
from notifications.writing.subject import subject_of

from tests.tools.mail_examples import AT, LOCALES, SHOP, currency_of, customer, facts


def main(arguments: list[str] | None = None) -> int:
    """Write ``<kind>.<locale>.html``, ``.txt`` and ``.eml`` into the folder OUT."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mails")
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder, made when it is missing")
    out = parser.parse_args(arguments).out
    out.mkdir(parents=True, exist_ok=True)
    for name, (mail, message) in written(SHOP).items():
        (out / f"{name}.html").write_text(mail.html, "utf-8")
        (out / f"{name}.txt").write_text(mail.text, "utf-8")
        sender = Sender(SHOP.name, "orders@shop.example", "shop.example")
        letter = compose(message, sender).as_bytes(policy=policy.SMTP)
        (out / f"{name}.eml").write_bytes(letter)
    return 0


def written(shop: Shop) -> dict[str, tuple[Written, Message]]:
    """Each example in each language, by ``<name>.<locale>``."""
    found = {}
    for locale in LOCALES:
        buyer = customer(locale)
        for name, fact in facts(currency_of(locale)).items():
            subject = subject_of(fact.kind, buyer)
            mail = write(fact, buyer, subject, shop)
            message = Message(
                message_id=f"msg_{name}",
                order_id=buyer.order_id,
                recipient=buyer.email,
                subject=subject,
                created_at=AT,
                language=mail.language,
                text=mail.text,
                html=mail.html,
            )
            found[f"{name}.{locale}"] = (mail, message)
    return found


if __name__ == "__main__":
    sys.exit(main())
