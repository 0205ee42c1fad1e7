"""Settings that would lose or double money are refused by name."""

from datetime import timedelta
from typing import Any

import pytest
from payments.settings import LEASE_MARGIN_S, PaymentsSettings
from pydantic import ValidationError
from shared.work.slots import WAIT_S

from tests.support.webhook_signing import KEY, NEW_KEY, secret_of

LOCAL: dict[str, Any] = {
    "ORDERPROOF_ENVIRONMENT": "local",
    "database_url": "postgresql://payments@127.0.0.1/payments",
    "kafka_bootstrap": "127.0.0.1:9092",
    "instance_name": "payments-0",
    "provider_url": "http://127.0.0.1:8100",
}
PRODUCTION: dict[str, Any] = {
    **LOCAL,
    "ORDERPROOF_ENVIRONMENT": "production",
    "database_url": "postgresql://payments:secret@db/payments",
    "kafka_username": "payments",
    "kafka_password": "secret",
    "provider_url": "https://provider.example",
}


def test_a_lease_outlives_its_call_by_five_seconds() -> None:
    assert PaymentsSettings(**LOCAL, call_timeout_s=10, lease_s=15).lease_s == 15
    with pytest.raises(ValidationError, match="PAYMENTS_LEASE_S"):
        PaymentsSettings(**LOCAL, call_timeout_s=10, lease_s=14.9)


def test_a_call_that_waits_for_a_slot_to_the_last_is_over_before_its_lease() -> None:
    assert WAIT_S < LEASE_MARGIN_S


def test_a_production_provider_is_reached_by_https_only() -> None:
    assert PaymentsSettings(**PRODUCTION).provider_url.scheme == "https"
    with pytest.raises(ValidationError, match="PAYMENTS_PROVIDER_URL"):
        PaymentsSettings(**{**PRODUCTION, "provider_url": "http://provider.example"})


@pytest.mark.parametrize("host", ["provider.example", "10.0.0.1", "[2001:db8::1]"])
def test_tokens_do_not_leave_a_single_node_in_the_clear(host: str) -> None:
    single_node = {**PRODUCTION, "ORDERPROOF_ENVIRONMENT": "single-node"}

    beside = PaymentsSettings(**{**single_node, "provider_url": "http://provider:8000"})
    assert beside.provider_url.host == "provider"
    with pytest.raises(ValidationError, match="PAYMENTS_PROVIDER_URL"):
        PaymentsSettings(**{**single_node, "provider_url": f"http://{host}"})


def test_settings_become_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_SWEEP_DELAYS_S", "[0.5, 2]")
    limits = PaymentsSettings(**LOCAL).limits

    assert limits.sweep_delays == (timedelta(seconds=0.5), timedelta(seconds=2))
    assert limits.settle_after == timedelta(seconds=20)
    assert limits.key_use_max == timedelta(hours=12)


@pytest.mark.parametrize("wrong", [{"calls_max": 0}, {"sweep_delays_s": ()}, {"call_timeout_s": 0}])
def test_a_limit_of_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PaymentsSettings(**{**LOCAL, **wrong})


def test_two_webhook_secrets_are_valid_while_one_replaces_the_other() -> None:
    secrets = f"{secret_of(KEY)} {secret_of(NEW_KEY)}"
    settings = PaymentsSettings(**LOCAL, provider_webhook_secrets=secrets)

    assert settings.webhook_keys == (KEY, NEW_KEY)
    assert secret_of(KEY) not in repr(settings)
    assert PaymentsSettings(**LOCAL).webhook_keys == ()


@pytest.mark.parametrize(
    "secret",
    ["swordfish", "whsec_swordfish!", "whsec_", secret_of(b"k" * 23), secret_of(b"k" * 65)],
)
def test_a_webhook_secret_that_is_none_is_refused_without_its_text(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PaymentsSettings(**LOCAL, provider_webhook_secrets=secret)

    errors = refused.value.errors(include_input=False, include_url=False)
    assert errors[0]["loc"] == ("provider_webhook_secrets",)
    assert "swordfish" not in errors[0]["msg"]
    assert PaymentsSettings(**LOCAL, provider_webhook_secrets=secret_of(b"k" * 24)).webhook_keys
