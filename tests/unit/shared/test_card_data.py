"""Card numbers and security codes are refused wherever they come in, and nowhere told back."""

import pytest

from tests.support.builders import an_order
from tests.support.in_process import problem_of
from tests.unit.shared.bodies import KEY, ROUTES, Clients, every_route, reaches_the_database, send

VISA = "4111111111111111"


@every_route
@pytest.mark.parametrize(
    "text",
    [
        VISA,
        "4111 1111 1111 1111",
        "card 5555-5555-5555-4444, thanks",
        "378282246310005",
        "3782 822463 10005",
        "cvv: 123",
        "CVC2 1234",
        "".join(chr(0xFF10 + int(digit)) for digit in VISA),
    ],
)
async def test_card_data_is_refused_and_not_told_back(
    clients: Clients, route: tuple[str, str], text: str
) -> None:
    answer = await send(clients, route, {**ROUTES[route], "note": text})

    assert problem_of(answer) == (422, "cardholder-data-refused")
    assert text not in answer.text
    assert answer.json()["errors"][0]["pointer"] == "/note"


async def test_card_data_is_found_however_it_is_written(clients: Clients) -> None:
    escaped = b'{"x": "' + b"".join(b"\\u%04x" % ord(digit) for digit in VISA) + b'"}'
    route = ("orders", "/v1/orders")

    for body in (escaped, {VISA: 1}, {"metadata": {"cvv": "123"}}):
        assert problem_of(await send(clients, route, body)) == (422, "cardholder-data-refused")


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "4006381333931",  # EAN-13
        "+44 20 7946 0958",
        "1Z999AA10123456784",
        "8e03978e-4111-1111-1111-111111111111",
        "41111111111111111111111",
        "Call us on cvv street 12345",
    ],
)
async def test_other_numbers_are_no_cards(clients: Clients, text: str) -> None:
    body = an_order(purchase_order_number=text)

    assert reaches_the_database(await send(clients, ("orders", "/v1/orders"), body))


async def test_card_data_in_headers_and_addresses_is_refused(clients: Clients) -> None:
    refused = (422, "cardholder-data-refused")
    orders = clients["orders"]

    body = an_order()
    assert (
        problem_of(await orders.post("/v1/orders", json=body, headers={"X-Note": VISA})) == refused
    )
    assert (
        problem_of(await orders.post("/v1/orders", json=body, headers={"Idempotency-Key": VISA}))
        == refused
    )
    assert problem_of(await orders.get(f"/v1/orders?client_reference={VISA}")) == refused
    assert problem_of(await orders.get(f"/v1/orders/{VISA}")) == refused
    traced = {**KEY, "traceparent": f"00-0af7651916cd43dd8448eb211c80319c-{VISA}-01"}
    assert reaches_the_database(await orders.post("/v1/orders", json=body, headers=traced))
