"""How partners' keys and endpoints stand, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from console.domain.partners import (
    EXPIRING_WITHIN,
    counted_endpoints,
    counted_keys,
    endpoint_standing,
    key_standing,
)

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
AT = "2026-11-30T09:00:00Z"


def endpoint(**more: Any) -> dict[str, Any]:
    well = {"enabled": True, "disabled_reason": None, "disabled_at": None, "failing_since": None}
    return {**well, **more}


def disabled(reason: str | None) -> dict[str, Any]:
    """It was failing before, as one that is given up was."""
    return endpoint(enabled=False, disabled_reason=reason, disabled_at=AT, failing_since=AT)


def key(expires: timedelta | None = None, revoked: timedelta | None = None) -> dict[str, Any]:
    return {
        "expires_at": expires and (NOW + expires).isoformat(),
        "revoked_at": None if revoked is None else (NOW + revoked).isoformat(),
    }


@pytest.mark.parametrize(
    ("told", "tone", "says", "at"),
    [
        (endpoint(), "good", "well", None),
        (endpoint(failing_since=AT), "wait", "failing since", AT),
        (disabled("gone"), "bad", "disabled: gone", AT),
        (disabled("failing"), "bad", "disabled: nothing but failures", AT),
        (disabled("by-partner"), "calm", "disabled: by hand", AT),
        (disabled("a reason of tomorrow"), "bad", "disabled: a reason of tomorrow", AT),
        (disabled(None), "bad", "disabled: nobody said why", AT),
    ],
)
def test_an_endpoint_stands_in_words(
    told: dict[str, Any], tone: str, says: str, at: str | None
) -> None:
    found = endpoint_standing(told)

    assert (found.tone, found.says, found.at) == (tone, says, at)


SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("told", "tone", "says"),
    [
        (key(), "good", "valid until it is revoked"),
        (key(expires=EXPIRING_WITHIN + SECOND), "good", "valid until"),
        (key(expires=EXPIRING_WITHIN), "wait", "valid until"),
        (key(expires=SECOND), "wait", "valid until"),
        (key(expires=-SECOND), "bad", "expired"),
        (key(revoked=timedelta(0)), "calm", "revoked"),
        (key(revoked=SECOND), "wait", "revoked, valid until"),
        (key(expires=DAY, revoked=SECOND), "wait", "revoked, valid until"),
        (key(expires=SECOND, revoked=DAY), "wait", "valid until"),
        (key(expires=-SECOND, revoked=DAY), "bad", "expired"),
        (key(expires=-SECOND, revoked=-DAY), "calm", "revoked"),
    ],
)
def test_a_key_stands_in_words(told: dict[str, Any], tone: str, says: str) -> None:
    found = key_standing(told, NOW)

    assert (found.tone, found.says) == (tone, says)


def test_only_keys_that_let_somebody_in_are_counted() -> None:
    told = [key(), key(expires=DAY), key(expires=-DAY), key(revoked=-DAY), key(revoked=DAY)]

    counts = counted_keys([key_standing(one, NOW) for one in told])

    assert counts == {"valid": 3, "expiring": 2}


def test_endpoints_fail_since_the_first_of_them_that_is_enabled() -> None:
    later = endpoint(failing_since="2026-11-30T09:30:00Z")
    told = [endpoint(), later, endpoint(failing_since="2026-11-30T09:20:00Z"), disabled("gone")]

    assert counted_endpoints(told) == {
        "enabled": 3,
        "disabled": 1,
        "failing": 2,
        "failing_since": "2026-11-30T09:20:00Z",
    }
    assert counted_endpoints([])["failing_since"] is None
