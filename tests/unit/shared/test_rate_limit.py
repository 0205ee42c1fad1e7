"""How often one client may ask is bounded, told in each answer, and remembered of few."""

import httpx2
import pytest
from shared.http.rate_limit import WINDOW_S, Quotas, client_of
from shared.settings import ServiceSettings

from tests.support.in_process import app_of, problem_of
from tests.support.in_process import client_of as http_of

MAX = 6
EVERY_S = WINDOW_S / MAX


def test_a_client_may_spend_its_quota_at_once_and_no_more() -> None:
    quotas = Quotas(MAX)

    standings = [quotas.take("a", 0) for _ in range(MAX + 1)]

    assert [one.allowed for one in standings] == [True] * MAX + [False]
    assert [one.remaining for one in standings] == [5, 4, 3, 2, 1, 0, 0]
    assert [one.full_s for one in standings] == [10, 20, 30, 40, 50, 60, 60]
    assert standings[-1].retry_s == EVERY_S


def test_the_quota_comes_back_with_time() -> None:
    quotas = Quotas(MAX)
    for _ in range(MAX):
        quotas.take("a", 0)

    assert not quotas.take("a", EVERY_S - 0.01).allowed
    assert quotas.take("a", EVERY_S).allowed
    assert not quotas.take("a", EVERY_S).allowed
    assert quotas.take("a", 10 * WINDOW_S).remaining == MAX - 1


def test_one_client_does_not_spend_for_another() -> None:
    quotas = Quotas(1)

    assert quotas.take("a", 0).allowed
    assert quotas.take("b", 0).allowed
    assert not quotas.take("a", 0).allowed


def test_only_so_many_clients_are_remembered() -> None:
    quotas = Quotas(1, clients_max=2)
    for client in ("a", "b", "c"):
        assert quotas.take(client, 0).allowed

    assert not quotas.take("c", 0).allowed
    assert not quotas.take("b", 0).allowed
    assert quotas.take("a", 0).allowed, "the one unheard of for longest is forgiven"


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("not:an:address", "not:an:address"),
    ],
)
def test_a_client_is_its_address_or_its_network(address: str, client: str) -> None:
    assert client_of({"type": "http", "client": (address, 1)}) == client


def test_a_client_without_an_address_is_one_of_many() -> None:
    assert client_of({"type": "http", "client": None}) == "unknown"


async def test_answers_tell_the_policy_and_what_is_left() -> None:
    async with http_of(app_of("orders", http_requests_per_minute_per_instance_max=2)) as http:
        answers = [await http.get("/v1/orders/ord_1") for _ in range(3)]
        elsewhere = await http.get("/openapi.json")

    assert [one.headers["ratelimit-policy"] for one in answers] == ['"default";q=2;w=60'] * 3
    assert [one.headers["ratelimit"] for one in answers] == [
        '"default";r=1;t=30',
        '"default";r=0;t=60',
        '"default";r=0;t=60',
    ]
    assert [one.status_code for one in answers] == [503, 503, 429]
    assert problem_of(answers[-1]) == (429, "rate-limited")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    assert "ratelimit" not in elsewhere.headers
    assert elsewhere.status_code == 200


async def test_without_the_setting_there_is_no_limit() -> None:
    assert ServiceSettings.model_fields["http_requests_per_minute_per_instance_max"].default == 0
    async with http_of(app_of("orders")) as http:
        answers = [await http.get("/v1/orders/ord_1") for _ in range(50)]

    assert {one.status_code for one in answers} == {503}
    assert not any("ratelimit" in one.headers for one in answers)


ORIGIN = {"Origin": "https://shop.example"}


async def test_a_named_origin_may_call_and_read_our_headers() -> None:
    asked = {
        **ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, idempotency-key",
    }
    async with http_of(app_of("orders", cors_origins=("https://shop.example",))) as http:
        preflight = await http.options("/v1/orders", headers=asked)
        answer = await http.get("/v1/orders/ord_1", headers=ORIGIN)
        other = await http.get("/v1/orders/ord_1", headers={"Origin": "https://other.example"})

    assert preflight.status_code == 200
    assert _allowed(preflight) == _allowed(answer) == "https://shop.example"
    exposed = answer.headers["access-control-expose-headers"]
    assert {"Location", "ETag", "RateLimit", "Retry-After"} <= set(exposed.split(", "))
    assert _allowed(other) is None


async def test_no_origin_may_call_by_default() -> None:
    async with http_of(app_of("orders")) as http:
        assert _allowed(await http.get("/v1/orders/ord_1", headers=ORIGIN)) is None


def _allowed(answer: httpx2.Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")
