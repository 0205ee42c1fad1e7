"""The judges share no code with the services: what they take events and mails to be is so."""

import json
import re
from pathlib import Path

from notifications.domain.customer import Customer
from notifications.domain.fact import KINDS, fact_of
from notifications.writing.content import Shop
from notifications.writing.mails import write
from notifications.writing.subject import subject_of
from shared.contracts.catalogue import EVENTS
from shared.contracts.orders import OrderConfirmed, OrderPlaced, OrderRefunded

from tests.architecture.source import ROOT
from tests.proof.judges.kafka import Fate, Told
from tests.proof.judges.mailbox import SUBJECTS, due
from tests.proof.judges.stock import held
from tests.support.builders import a_line, an_order

SAMPLES, JUDGES = ROOT / "tests/contract/samples", ROOT / "tests/proof/judges"
SHOP = Shop("The Shop")
OWNERS = ("orders", "payments", "inventory", "fulfilment")


def sample(name: str) -> str:
    return Path(SAMPLES / f"{name}.v1.json").read_text()


def a_customer(placed: OrderPlaced) -> Customer:
    return Customer(placed.order_id, "", "", "", "", "", "{}").learn(placed)


def test_the_subjects_are_those_of_the_mails() -> None:
    placed = OrderPlaced.model_validate_json(sample("orders.order-placed"))
    buyer = a_customer(placed)

    sent = {
        f"order-{kind}": subject.format(placed.client_reference)
        for kind, subject in SUBJECTS.items()
    }
    assert sent == {kind: subject_of(kind, buyer) for kind in KINDS.values()}


def test_a_mail_names_the_sum_that_is_due() -> None:
    body = an_order(a_line("a", 3), a_line("b", 2))
    placed = OrderPlaced.model_validate_json(sample("orders.order-placed")).model_copy(
        update={"total_minor": body["total_minor"], "currency": "GBP", "locale": body["locale"]}
    )
    same = {"order_id": placed.order_id, "client_reference": "ref", "currency": "GBP"}
    told = (
        placed,
        OrderConfirmed(**same, total_minor=placed.total_minor),
        OrderRefunded(**same, amount_minor=99, refunded_total_minor=99, reason="order-cancelled"),
    )
    texts = [write(fact_of(one), a_customer(placed), "", SHOP).text for one in told]

    wanted = due(["placed", "confirmed", "refunded"], "ref", placed.total_minor, 99)
    assert list(wanted.values()) == ["£12.50", "£12.50", "£0.99"]
    assert all(words in text for words, text in zip(wanted.values(), texts, strict=True))


def test_the_events_that_are_judged_are_told_under_these_names() -> None:
    text = "".join((JUDGES / one).read_text() for one in ("stock.py", "verdict.py"))
    families = set(re.findall(rf'"((?:{"|".join(OWNERS)})\.[a-z-]+)"', text))

    assert {one.partition(".")[0] for one in families} == set(OWNERS)
    assert {f"{one}.v1" for one in families} <= EVENTS.keys()


def test_a_hold_and_a_release_cancel_each_other() -> None:
    def told(name: str) -> Told:
        data = json.loads(sample(name))
        return Told("inventory.events.v1", 0, 0, "ord_1", {"ce_type": f"{name}.v1"}, data)

    reserved, released = told("inventory.stock-reserved"), told("inventory.stock-released")
    goods = held(Fate([reserved]))

    assert goods
    assert held(Fate([released])) == {sku: -units for sku, units in goods.items()}
    assert held(Fate([reserved, released])) == {}
