"""Signatures that others verify, and secrets that only their own endpoint's seal opens."""

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from notifications.partners.domain.endpoint import (
    REPLACED_MAX,
    ROTATION,
    Endpoint,
    RotatedTooOften,
)
from notifications.partners.signing import (
    Secret,
    SecretUnreadable,
    Vault,
    headers_of,
    new_secret,
)
from payments.webhooks import verified
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.datastructures import Headers

VECTOR = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def entries(headers: dict[str, str], scheme: str) -> list[str]:
    offered = headers["webhook-signature"].split(" ")
    return [one for one in offered if one.startswith(f"{scheme},")]


def endpoint(**more: object) -> Endpoint:
    one = Endpoint(
        endpoint_id="whe_1",
        partner_id="ptr_1",
        url="https://partner.example/",
        description="",
        event_types=(),
        rate_per_s=50,
        concurrency_max=8,
        created_at=NOW,
        secret=b"the new one",
    )
    return replace(one, **more)  # type: ignore[arg-type]


def test_the_vector_of_the_standard_is_what_is_signed() -> None:
    headers = headers_of([new_secret(VECTOR)], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY)

    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert entries(headers, "v1") == ["v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="]


def test_the_official_library_and_the_verifier_of_payments_take_what_is_signed() -> None:
    secret, other = new_secret(), new_secret()
    now_s = int(datetime.now(UTC).timestamp())
    headers = headers_of([secret], "evt_1", now_s, BODY)

    assert Webhook(secret.text).verify(BODY, headers) == json.loads(BODY)
    assert verified([secret.shared], Headers(headers), BODY) is not None
    with pytest.raises(WebhookVerificationError):
        Webhook(other.text).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret.text).verify(BODY + b" ", headers)
    assert verified([other.shared], Headers(headers), BODY) is None


def test_who_has_only_the_public_key_can_verify_v1a() -> None:
    secret = new_secret()
    [entry] = entries(headers_of([secret], "evt_1", 1614265330, BODY), "v1a")
    raw = base64.b64decode(secret.public_key.removeprefix("whpk_"), validate=True)
    public = Ed25519PublicKey.from_public_bytes(raw)
    signature = base64.b64decode(entry.removeprefix("v1a,"), validate=True)

    public.verify(signature, b"evt_1.1614265330." + BODY)
    for changed in (b"evt_2.1614265330.", b"evt_1.1614265331."):
        with pytest.raises(InvalidSignature):
            public.verify(signature, changed + BODY)


def test_both_secrets_sign_for_a_day_after_a_rotation_and_then_only_the_new() -> None:
    rotated = endpoint(previous_secret=b"the old one", previous_until=NOW + ROTATION)

    assert timedelta(hours=24) == ROTATION
    assert endpoint().secrets_at(NOW) == [b"the new one"]
    for age in (timedelta(), timedelta(hours=23, minutes=59, seconds=59)):
        assert rotated.secrets_at(NOW + age) == [b"the new one", b"the old one"]
    for age in (ROTATION, timedelta(days=30)):
        assert rotated.secrets_at(NOW + age) == [b"the new one"]


def test_every_secret_of_the_last_day_signs_however_often_it_was_rotated() -> None:
    hour, one = timedelta(hours=1), endpoint(secret=b"0")
    for number in range(1, REPLACED_MAX + 1):
        rotated = one.with_secret(str(number).encode(), NOW + number * hour)
        assert isinstance(rotated, Endpoint)
        one = rotated
    after = NOW + REPLACED_MAX * hour

    assert one.secrets_at(after) == [b"3", b"2", b"1", b"0"]
    assert one.secrets_at(NOW + hour + ROTATION - timedelta(seconds=1)) == [b"3", b"2", b"1", b"0"]
    assert one.secrets_at(NOW + hour + ROTATION) == [b"3", b"2", b"1"]
    assert one.secrets_at(after + ROTATION) == [b"3"]


def test_so_many_rotations_and_no_more_until_the_first_secret_has_ended() -> None:
    one = endpoint(secret=b"0")
    for number in range(1, REPLACED_MAX + 1):
        rotated = one.with_secret(str(number).encode(), NOW + timedelta(hours=number))
        assert isinstance(rotated, Endpoint)
        one = rotated
    ends = NOW + timedelta(hours=1) + ROTATION

    assert one.with_secret(b"4", ends - timedelta(seconds=1)) == RotatedTooOften(ends)
    again = one.with_secret(b"4", ends)
    assert isinstance(again, Endpoint)
    assert again.secrets_at(ends) == [b"4", b"3", b"2", b"1"]


def test_during_a_rotation_each_secret_alone_verifies_the_one_header() -> None:
    new, old = new_secret(), new_secret()
    now_s = int(datetime.now(UTC).timestamp())
    headers = headers_of([new, old], "evt_1", now_s, BODY)

    assert len(entries(headers, "v1")) == len(entries(headers, "v1a")) == 2
    for one in (new, old):
        assert Webhook(one.text).verify(BODY, headers) == json.loads(BODY)
        assert verified([one.shared], Headers(headers), BODY) is not None


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_24_to_64_bytes_is_taken(size: int) -> None:
    raw = os.urandom(size)
    secret = new_secret("whsec_" + base64.b64encode(raw).decode())

    assert secret.shared == raw
    assert secret.text == "whsec_" + base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "given",
    [
        "",
        "whsec_",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_" + base64.b64encode(b"x" * 32).decode() + "!",
        "whsec_ " + base64.b64encode(b"x" * 32).decode(),
        "whsec_" + base64.b64encode(b"x" * 32).decode() + "\n",
        "whsec_" + base64.urlsafe_b64encode(b"\xff" * 33).decode(),
        "whsec_" + base64.b64encode(b"x" * 32).decode().rstrip("="),
        "whsec_\xe9" + base64.b64encode(b"x" * 32).decode(),
        "password" * 5 + "!",
    ],
)
def test_any_other_secret_is_refused_without_saying_it(given: str) -> None:
    with pytest.raises(ValueError) as refused:
        new_secret(given)
    assert given in ("", "whsec_") or given not in str(refused.value)


def test_new_secrets_differ_and_the_signing_key_is_always_ours() -> None:
    assert new_secret().shared != new_secret().shared
    assert new_secret(VECTOR).seed != new_secret(VECTOR).seed


def test_a_seal_opens_with_its_own_key_for_its_own_endpoint() -> None:
    vault, secret = Vault(os.urandom(32)), new_secret()

    assert vault.open("whe_1", vault.seal("whe_1", secret)) == secret
    assert vault.seal("whe_1", secret) != vault.seal("whe_1", secret)
    assert secret.shared not in vault.seal("whe_1", secret)
    assert secret.seed not in vault.seal("whe_1", secret)


def test_nothing_else_opens_it() -> None:
    vault, secret = Vault(os.urandom(32)), new_secret()
    sealed = vault.seal("whe_1", secret)

    with pytest.raises(SecretUnreadable):
        Vault(os.urandom(32)).open("whe_1", sealed)
    with pytest.raises(SecretUnreadable):
        vault.open("whe_2", sealed)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SecretUnreadable):
            vault.open("whe_1", bytes(changed))


def test_what_another_key_has_sealed_is_left_out_and_only_nothing_at_all_is_an_error() -> None:
    vault, other = Vault(os.urandom(32)), Vault(os.urandom(32))
    new, old = new_secret(), new_secret()
    readable = [vault.seal("whe_1", one) for one in (new, old)]
    foreign = other.seal("whe_1", old)

    assert vault.open_any("whe_1", readable) == [new, old]
    assert vault.open_any("whe_1", [readable[0], foreign]) == [new]
    assert vault.open_any("whe_1", [foreign, readable[1]]) == [old]
    for none in ([], [foreign], [foreign, vault.seal("whe_2", new)]):
        with pytest.raises(SecretUnreadable):
            vault.open_any("whe_1", none)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27, 28])
def test_a_seal_that_is_cut_short_does_not_open(length: int) -> None:
    vault = Vault(os.urandom(32))
    sealed = vault.seal("whe_1", new_secret())

    with pytest.raises(SecretUnreadable):
        vault.open("whe_1", sealed[:length])


def test_nothing_that_is_printed_shows_a_secret() -> None:
    secret = Secret(b"shared-secret-of-24-bytes", b"seed-of-an-ed25519-key-32-bytes-")
    vault = Vault(b"key-of-the-vault-of-32-bytes----")
    one = endpoint(
        secret=b"sealed-new", previous_secret=b"sealed-old", earlier_secrets=(b"sealed-older",)
    )

    shown = f"{secret!r} {secret} {vault!r} {vault} {one!r} {one}"
    for hidden in ("shared-secret", "seed-of", "key-of", "sealed", secret.text):
        assert hidden not in shown
    with pytest.raises(SecretUnreadable) as refused:
        vault.open("whe_1", vault.seal("whe_2", secret))
    assert "key-of" not in repr(refused.value)
