"""Settings that would send twice, or a password in clear, end the start."""

from typing import Any

import pytest
from notifications.settings import LEASE_MARGIN_S, NotificationsSettings
from pydantic import ValidationError
from shared.work.slots import WAIT_S


def settings(**changes: Any) -> NotificationsSettings:
    return NotificationsSettings(
        **{
            "ORDERPROOF_ENVIRONMENT": "local",
            "database_url": "postgresql://u:p@127.0.0.1/n",
            "kafka_bootstrap": "127.0.0.1:9092",
            "instance_name": "notifications-0",
            **changes,
        }
    )


def test_the_lease_may_end_five_seconds_after_the_call() -> None:
    assert settings(call_timeout_s=10, lease_s=15).lease_s == 15


def test_a_lease_shorter_than_that_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="NOTIFICATIONS_LEASE_S"):
        settings(call_timeout_s=10, lease_s=14.9)


def test_a_mail_that_waits_for_a_slot_to_the_last_is_over_before_its_lease() -> None:
    assert WAIT_S < LEASE_MARGIN_S


def test_a_password_in_clear_is_refused() -> None:
    with pytest.raises(ValidationError, match="NOTIFICATIONS_SMTP_USERNAME"):
        settings(smtp_username="u", smtp_password="p")


def test_a_password_over_tls_is_accepted_and_not_shown() -> None:
    accepted = settings(smtp_username="u", smtp_password="geheim", smtp_starttls=True)

    assert "geheim" not in repr(accepted)


def test_a_user_without_a_password_is_refused() -> None:
    with pytest.raises(ValidationError, match="NOTIFICATIONS_SMTP_PASSWORD"):
        settings(smtp_username="u", smtp_starttls=True)


def test_a_sender_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="NOTIFICATIONS_MAIL_FROM"):
        settings(mail_from="nobody")
