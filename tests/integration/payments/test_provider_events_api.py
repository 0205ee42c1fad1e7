"""The door for provider events: what is not signed, in time, small and well formed stays out."""

from typing import Any

import httpx2
import pytest
from payments.event_api import BODY_BYTES_MAX

from tests.integration.payments.service import Payments
from tests.integration.payments.teller import SETTINGS, Teller, a_teller, event
from tests.support.webhook_signing import KEY, NEW_KEY, signed_headers

BODY = event("charge.captured")


def named(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:problem:")


async def test_a_signed_event_is_taken_in(teller: Teller) -> None:
    assert (await teller.send(BODY, "msg_1")).status_code == 202


def without_trace(answer: httpx2.Response) -> dict[str, Any]:
    """All that an answer says, but for the trace that names this one request."""
    return {name: value for name, value in answer.json().items() if name != "trace_id"}


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
    ],
)
async def test_what_is_badly_signed_gets_one_answer_and_leaves_no_trace(
    teller: Teller, changed: dict[str, str]
) -> None:
    good = signed_headers("msg_1", 2_000_000_000, BODY)
    answer = await teller.post(BODY, {**good, **changed})
    unsigned = await teller.post(BODY, {"content-type": "application/json"})

    assert named(answer) == (401, "webhook-signature-invalid")
    assert without_trace(answer) == without_trace(unsigned)
    assert await teller.rows() == []


async def test_bytes_that_are_not_the_signed_ones_are_refused(teller: Teller) -> None:
    headers = signed_headers("msg_1", 2_000_000_000, BODY)

    for body in (b"", BODY + b" ", b"\xff\xfe", BODY.replace(b": ", b":")):
        assert named(await teller.post(body, headers)) == (401, "webhook-signature-invalid")


@pytest.mark.parametrize("age_s", [302, -302])
async def test_an_event_signed_long_ago_or_ahead_is_refused(teller: Teller, age_s: float) -> None:
    assert named(await teller.send(BODY, "msg_1", age_s)) == (401, "webhook-signature-invalid")
    assert (await teller.send(BODY, "msg_1", age_s * 0.98)).status_code == 202


async def test_both_keys_open_the_door_during_a_rotation(service: Payments) -> None:
    for number, key in enumerate((KEY, NEW_KEY)):
        async with a_teller(service, NEW_KEY, KEY) as teller:
            body = event("charge.captured", key=f"k_{number}")
            headers = signed_headers(f"msg_{number}", int(await _now_s(service)), body, key)
            assert (await teller.post(body, headers)).status_code == 202


async def _now_s(service: Payments) -> float:
    async with service.pool.acquire() as db:
        return (await service.transactions.clock.now(db)).timestamp()


async def test_a_provider_that_is_not_ours_or_has_no_secret_is_not_found(
    service: Payments, teller: Teller
) -> None:
    headers = signed_headers("msg_1", int(await _now_s(service)), BODY)
    elsewhere = await teller.post(BODY, headers, "/v1/provider-events/another")

    assert named(elsewhere) == (404, "not-found")
    assert SETTINGS.webhook_keys == (), "none by default"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", (400, "malformed-json")),
        (b"{", (400, "malformed-json")),
        (b"\xff", (400, "malformed-json")),
        (b"[]", (422, "validation-failed")),
        (b"{}", (422, "validation-failed")),
        (b'{"type": ""}', (422, "validation-failed")),
        (b'{"type": 1}', (422, "validation-failed")),
        (b'{"type": "charge.captured"}', (422, "validation-failed")),
        (event("charge.captured", key="k" * 256), (422, "validation-failed")),
        (event("charge.captured", key="k\0"), (422, "validation-failed")),
        (event("charge.captured", order_id="ord\0"), (422, "validation-failed")),
        (event("charge.captured", order_id="\ud800"), (400, "malformed-json")),
        (event("charge.captured", charge_id=""), (422, "validation-failed")),
    ],
)
async def test_a_signed_body_of_another_shape_is_refused_by_name(
    teller: Teller, body: bytes, answer: tuple[int, str]
) -> None:
    assert named(await teller.send(body, "msg_1")) == answer
    assert await teller.rows() == []


async def test_a_body_that_is_too_large_is_refused_before_its_signature(teller: Teller) -> None:
    fits = b'{"type": "x"}'.ljust(BODY_BYTES_MAX)

    assert (await teller.send(fits, "msg_1")).status_code == 200
    for size in (BODY_BYTES_MAX + 1, 300 * 1024):
        assert named(await teller.post(b" " * size, {})) == (413, "body-too-large")


async def test_the_document_describes_the_event_without_loose_references(teller: Teller) -> None:
    document = (await teller.http.get("/openapi.json")).text

    assert '"webhook-signature"' in document
    assert "$defs" not in document
