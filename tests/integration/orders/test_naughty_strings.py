"""Every naughty string, in every text of an order: back byte for byte, or refused by name."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.support.builders import a_line, an_order
from tests.support.corpora import naughty_strings
from tests.support.in_process import problem_of

STRINGS_MIN = 515
Build = Callable[[str, int], dict[str, Any]]


def order(changes: dict[str, Any], **members: Any) -> dict[str, Any]:
    """An order whose nested members ``changes`` are merged in."""
    body = an_order(a_line("85123A"), **members)
    for name, inner in changes.items():
        body[name] = {**body[name], **inner} if isinstance(body[name], dict) else inner
    return body


# Texts with the same limits are sent together; where one is refused, all are.
FIELDS: dict[str, Build] = {
    "names and streets": lambda text, _: order(
        {
            "customer": {"name": text},
            "shipping_address": {"name": text, "line1": text, "city": text},
        }
    ),
    "texts that may be empty": lambda text, _: order(
        {
            "shipping_address": {"line2": text, "region": text},
            "lines": [{**a_line("85123A"), "description": text}],
            "metadata": {"note": text},
        },
        metadata={},
    ),
    "references": lambda text, _: order({}, purchase_order_number=text, campaign=text),
    "client_reference": lambda text, n: order({}, reference=text),
    "customer.id": lambda text, _: order({"customer": {"id": text}}),
    "seller_id": lambda text, _: order({"lines": [{**a_line("85123A"), "seller_id": text}]}),
    "sku": lambda text, _: order({"lines": [a_line(text)]}),
    "postal_code": lambda text, _: order({"shipping_address": {"postal_code": text}}),
    "metadata's names": lambda text, _: order({}, metadata={text: "x"}),
    "email": lambda text, _: order({"customer": {"email": text}}),
    "email's name": lambda text, _: order({"customer": {"email": f"{text}@example.com"}}),
    "country": lambda text, _: order({"shipping_address": {"country": text}}),
    "locale": lambda text, _: order({}, locale=text),
    "currency": lambda text, _: order({}, currency=text),
    "channel": lambda text, _: order({}, channel=text),
    "token": lambda text, _: order({"payment": {"token": text}}),
}
REFUSED = ("validation-failed", "invalid-text", "cardholder-data-refused", "order-exists")
# What a free text takes of the 515; the others are too long, empty, or look like a card.
TAKEN_MIN = {"names and streets": 500, "texts that may be empty": 500, "references": 350}


@pytest.mark.parametrize("fields", FIELDS)
async def test_naughty_strings_come_back_as_they_were(
    client: httpx2.AsyncClient, fields: str
) -> None:
    texts = naughty_strings()
    assert len(texts) >= STRINGS_MIN
    taken = 0
    for n, text in enumerate(texts):
        body = FIELDS[fields](text, n)
        answer = await client.post(
            "/v1/orders", json=body, headers={"Idempotency-Key": uuid4().hex}
        )
        if answer.status_code != 201:
            assert problem_of(answer)[1] in REFUSED, (text, answer.text)
            continue
        taken += 1
        stored = await client.get(answer.headers["location"])
        for shown in (answer.json(), stored.json()):
            assert {name: shown[name] for name in kept(body)} == kept(body)

    assert taken >= TAKEN_MIN.get(fields, 0)


def kept(body: dict[str, Any]) -> dict[str, Any]:
    """What an order shows of its body; what was left out is shown as null."""
    optional = {"description": None, "seller_id": None}
    return {
        **{name: value for name, value in body.items() if name != "payment"},
        "lines": [{**optional, **line} for line in body["lines"]],
        "shipping_address": {"line2": None, "region": None, **body["shipping_address"]},
    }
