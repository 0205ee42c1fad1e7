"""Every naughty string, in every text of an order: back byte for byte, or refused by name."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.support.builders import a_line, an_order
from tests.support.corpora import naughty_strings
from tests.support.in_process import problem_of

STRINGS_MIN = 515


@dataclass(frozen=True)
class Place:
    """Members of an order that take the same texts: how they are filled, and their pointers."""

    fill: Callable[[dict[str, Any], str], None]
    pointers: tuple[str, ...]
    taken_min: int = 0


def member(*pointers: str, taken_min: int = 0) -> Place:
    """The members that JSON pointers name."""

    def fill(body: dict[str, Any], text: str) -> None:
        for pointer in pointers:
            *way, last = pointer.lstrip("/").split("/")
            inner: Any = body
            for step in way:
                inner = inner[int(step) if step.isdigit() else step]
            inner[last] = text

    return Place(fill, pointers, taken_min)


# What the free texts take of the 515; the others are too long, empty, or look like a card.
FREE = {
    "names and streets": member(
        "/customer/name",
        "/shipping_address/name",
        "/shipping_address/line1",
        "/shipping_address/city",
        taken_min=500,
    ),
    "texts that may be empty": member(
        "/shipping_address/line2",
        "/shipping_address/region",
        "/lines/0/description",
        "/metadata/note",
        taken_min=500,
    ),
    "references": member("/purchase_order_number", "/campaign", taken_min=350),
    "client_reference": member("/client_reference", taken_min=350),
    "customer.id": member("/customer/id", taken_min=350),
    "seller_id": member("/lines/0/seller_id", taken_min=350),
    "sku": member("/lines/0/sku", taken_min=350),
    "postal_code": member("/shipping_address/postal_code", taken_min=100),
    "metadata's names": Place(
        lambda body, text: body["metadata"].update({text: "x"}), ("/metadata",), 100
    ),
}
STRICT = {
    "email": member("/customer/email"),
    "email's name": Place(
        lambda body, text: body["customer"].update(email=f"{text}@example.com"),
        ("/customer/email",),
    ),
    "country": member("/shipping_address/country"),
    "locale": member("/locale"),
    "currency": member("/currency"),
    "channel": member("/channel"),
    "token": member("/payment/token"),
}
REFUSED = ("validation-failed", "invalid-text", "cardholder-data-refused", "order-exists")


async def test_naughty_strings_in_every_free_text_come_back_as_they_were(
    client: httpx2.AsyncClient,
) -> None:
    """Each order has another string at every place; the places that refuse theirs are named."""
    texts = naughty_strings()
    assert len(texts) >= STRINGS_MIN
    taken: Counter[str] = Counter()
    for n in range(len(texts)):
        there = {name: texts[(n + 50 * k) % len(texts)] for k, name in enumerate(FREE)}
        while there:
            body = order_with({name: (FREE[name], text) for name, text in there.items()})
            refused = await placed_or_refused(client, body)
            if not refused:
                taken.update(there.keys())
                break
            named = {name for name in there if names(refused, FREE[name])}
            assert named, (refused, there)
            for name in named:
                del there[name]

    assert {name: taken[name] for name, one in FREE.items() if taken[name] < one.taken_min} == {}


@pytest.mark.parametrize("name", STRICT)
async def test_naughty_strings_in_a_strict_text_are_refused_or_come_back(
    client: httpx2.AsyncClient, name: str
) -> None:
    for text in naughty_strings():
        refused = await placed_or_refused(client, order_with({name: (STRICT[name], text)}))
        assert not refused or names(refused, STRICT[name]), (refused, text)


async def placed_or_refused(client: httpx2.AsyncClient, body: dict[str, Any]) -> list[str]:
    """The pointers that a refusal names; none when the order is there as it was sent."""
    answer = await client.post("/v1/orders", json=body, headers={"Idempotency-Key": uuid4().hex})
    if answer.status_code != 201:
        kind = problem_of(answer)[1]
        assert kind in REFUSED, (body, answer.text)
        if kind == "order-exists":
            return ["/client_reference"]
        return [one["pointer"] for one in answer.json()["errors"]]
    stored = await client.get(answer.headers["location"])
    for shown in (answer.json(), stored.json()):
        assert {name: shown[name] for name in kept(body)} == kept(body)
    return []


def order_with(there: dict[str, tuple[Place, str]]) -> dict[str, Any]:
    body = an_order(a_line("85123A"), metadata={})
    for place, text in there.values():
        place.fill(body, text)
    return body


def names(pointers: list[str], place: Place) -> bool:
    """Whether a pointer leads to a member of the place, or into it."""
    own = tuple(one for one in pointers if not one.startswith("/metadata/note"))
    if "/metadata" in place.pointers:
        return any(one.startswith("/metadata") for one in own)
    return any(one in place.pointers for one in pointers)


def kept(body: dict[str, Any]) -> dict[str, Any]:
    """What an order shows of its body; what was left out is shown as null."""
    optional = {"description": None, "seller_id": None}
    return {
        **{name: value for name, value in body.items() if name != "payment"},
        "lines": [{**optional, **line} for line in body["lines"]],
        "shipping_address": {"line2": None, "region": None, **body["shipping_address"]},
    }
