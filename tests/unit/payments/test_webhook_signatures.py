"""A signature holds for its id, time and bytes only, and whatever else comes is simply refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from payments.settings import webhook_key
from payments.webhooks import TOLERANCE, verified
from starlette.datastructures import Headers

from tests.support.webhook_signing import KEY, NEW_KEY, signature, signed_headers

SENT_S = 1_614_265_330
BODY = b'{"type": "charge.captured"}'
ID = "msg_1"


def holds(headers: dict[str, str], body: bytes = BODY, keys: Sequence[bytes] = (KEY,)) -> bool:
    return verified(keys, Headers(headers), body) is not None


def test_the_vector_of_the_standard_holds() -> None:
    key = webhook_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    signed = verified([key], Headers(headers), b'{"test": 2432232314}')

    assert signed is not None
    assert signed.event_id == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert signed.sent_at == datetime.fromtimestamp(1614265330, UTC)


def test_one_good_signature_among_others_is_enough() -> None:
    good = signature(ID, SENT_S, BODY)
    headers = signed_headers(ID, SENT_S, BODY)

    assert holds({**headers, "webhook-signature": f"v1a,abc nonsense {good} v1,"})


def test_both_keys_hold_while_one_replaces_the_other_and_then_only_the_new() -> None:
    old, new = signed_headers(ID, SENT_S, BODY, KEY), signed_headers(ID, SENT_S, BODY, NEW_KEY)

    assert holds(old, keys=(KEY, NEW_KEY))
    assert holds(new, keys=(KEY, NEW_KEY))
    assert holds(signed_headers(ID, SENT_S, BODY, KEY, NEW_KEY), keys=(NEW_KEY,))
    assert not holds(old, keys=(NEW_KEY,))
    assert not holds(new, keys=())


@pytest.mark.parametrize(
    "given",
    [
        "",
        ",",
        "v1",
        "v1,",
        "v1,,",
        "v2," + signature(ID, SENT_S, BODY)[3:],
        signature(ID, SENT_S, BODY)[3:],
        signature(ID, SENT_S, BODY)[:-1],
        signature(ID, SENT_S, BODY) + ",",
        signature(ID, SENT_S, BODY, NEW_KEY),
        signature("msg_2", SENT_S, BODY),
        signature(ID, SENT_S + 1, BODY),
        signature(ID, SENT_S, b'{"type":"charge.captured"}'),
        "v1,\xe9\xff",
        "x " * 16 + signature(ID, SENT_S, BODY),
        "x" * 1_000_000,
    ],
)
def test_anything_else_does_not_hold(given: str) -> None:
    assert holds(signed_headers(ID, SENT_S, BODY))
    assert not holds({**signed_headers(ID, SENT_S, BODY), "webhook-signature": given})


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_or_doubled_header_does_not_hold(name: str) -> None:
    headers = signed_headers(ID, SENT_S, BODY)
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    doubled = Headers(raw=[*raw, (name.encode(), headers[name].encode())])

    assert not holds({key: value for key, value in headers.items() if key != name})
    assert verified((KEY,), doubled, BODY) is None


@pytest.mark.parametrize(
    ("event_id", "timestamp_s"),
    [
        ("", "1614265330"),
        ("msg.1", "1614265330"),
        ("m" * 129, "1614265330"),
        ("msg_1", "1614265330.0"),
        ("msg_1", "-1"),
        ("msg_1", " 1614265330"),
        ("msg_1", "٣"),
        ("msg_1", "9" * 12),
    ],
)
def test_an_id_or_time_that_reads_in_two_ways_does_not_hold(
    event_id: str, timestamp_s: str
) -> None:
    signed = f"{event_id}.{timestamp_s}."
    head, _, stamp = signed[:-1].rpartition(".")
    headers = {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp_s,
        "webhook-signature": signature(head, stamp, BODY),  # type: ignore[arg-type]
    }

    assert verified((KEY,), Headers(raw=_raw(headers)), BODY) is None


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


@pytest.mark.parametrize(("late_s", "in_time"), [(300, True), (300.1, False)])
def test_five_minutes_old_or_early_is_the_limit(late_s: float, in_time: bool) -> None:
    signed = verified((KEY,), Headers(signed_headers(ID, SENT_S, BODY)), BODY)

    assert signed is not None
    assert timedelta(seconds=300) == TOLERANCE
    assert signed.in_time(signed.sent_at + timedelta(seconds=late_s)) is in_time
    assert signed.in_time(signed.sent_at - timedelta(seconds=late_s)) is in_time
