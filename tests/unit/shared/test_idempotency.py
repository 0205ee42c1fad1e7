"""An idempotency key is one header of 1–255 visible ASCII characters."""

import pytest
from shared.http.idempotency import Answer, key_of
from shared.http.problem import Problem
from starlette.requests import Request


def request(*keys: bytes) -> Request:
    headers = [(b"idempotency-key", key) for key in keys]
    return Request({"type": "http", "method": "POST", "path": "/v1/orders", "headers": headers})


@pytest.mark.parametrize("key", [b"x", b"x" * 255, b"!~", b"8e03978e-40d5-43dd-bc93-6894a57f9324"])
def test_visible_ascii_is_a_key(key: bytes) -> None:
    assert key_of(request(key)) == key.decode()


def test_a_missing_key_is_asked_for() -> None:
    with pytest.raises(Problem) as refused:
        key_of(request())

    assert (refused.value.status, refused.value.name) == (400, "idempotency-key-missing")


@pytest.mark.parametrize(
    "keys",
    [
        (b"",),
        (b"x" * 256,),
        (b"a b",),
        (b"tab\t",),
        (b"line\n",),
        (b"\x7f",),
        (b"caf\xe9",),
        (b"one", b"two"),
        (b"one", b"one"),
    ],
)
def test_anything_else_is_no_key(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(Problem) as refused:
        key_of(request(*keys))

    assert (refused.value.status, refused.value.name) == (400, "idempotency-key-invalid")


def test_a_replayed_answer_is_the_same_bytes_and_says_so() -> None:
    answer = Answer(201, b'{"order_id":"ord_1"}', "/v1/orders/ord_1")
    first, again = answer.response(replayed=False), answer.response(replayed=True)

    assert first.body == again.body == answer.body
    assert first.status_code == again.status_code == 201
    assert first.headers["location"] == again.headers["location"] == "/v1/orders/ord_1"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
