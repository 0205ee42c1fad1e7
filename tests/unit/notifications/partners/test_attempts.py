"""What becomes of a delivery after each answer, and how long an outage is outlasted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifications.partners.domain.attempts import (
    ATTEMPTS_MAX,
    DELAYS,
    DISABLED_AFTER,
    RETRY_AFTER_MAX,
    SPREAD_MAX,
    Answer,
    Delivered,
    GivenUp,
    TryAgain,
    is_given_up,
    judge,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ATTEMPTS = range(1, ATTEMPTS_MAX + 1)
FAILURES = (100, 101, 199, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 503, 599)
SPREADS = st.lists(st.floats(0, 1), min_size=ATTEMPTS_MAX, max_size=ATTEMPTS_MAX)


@pytest.mark.parametrize("attempts", ATTEMPTS)
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_received_at_any_attempt(status: int, attempts: int) -> None:
    wait = timedelta(hours=1)
    assert judge(Answer(status, retry_after=wait), attempts, NOW, 0) == Delivered()


@pytest.mark.parametrize("attempts", ATTEMPTS)
def test_gone_ends_it_at_any_attempt(attempts: int) -> None:
    assert judge(Answer(410), attempts, NOW, 0) == GivenUp(gone=True)
    assert judge(Answer(410, retry_after=timedelta(1)), attempts, NOW, 0) == GivenUp(gone=True)


@pytest.mark.parametrize("attempts", ATTEMPTS)
@pytest.mark.parametrize("status", [*FAILURES, None])
def test_anything_else_is_tried_again_nine_times(status: int | None, attempts: int) -> None:
    verdict = judge(Answer(status, None if status else "timeout"), attempts, NOW, 0)

    if attempts == ATTEMPTS_MAX:
        assert verdict == GivenUp()
    else:
        assert verdict == TryAgain(NOW + DELAYS[attempts])


@pytest.mark.parametrize("attempts", range(1, ATTEMPTS_MAX))
@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_peace_gets_it_and_never_less_than_the_schedule(
    status: int, attempts: int
) -> None:
    asked = timedelta(minutes=10)
    verdict = judge(Answer(status, retry_after=asked), attempts, NOW, 0)

    assert verdict == TryAgain(NOW + max(asked, DELAYS[attempts]), paused_until=NOW + asked)


@pytest.mark.parametrize("status", [*(one for one in FAILURES if one not in (429, 503)), None])
def test_nobody_else_can_ask_for_it(status: int | None) -> None:
    verdict = judge(Answer(status, retry_after=timedelta(hours=1)), 1, NOW, 0)

    assert verdict == TryAgain(NOW + DELAYS[1])


def test_nobody_can_ask_for_more_than_a_day() -> None:
    verdict = judge(Answer(429, retry_after=timedelta(days=10_000)), 1, NOW, 1)

    assert timedelta(hours=24) == RETRY_AFTER_MAX
    assert verdict == TryAgain(NOW + RETRY_AFTER_MAX, paused_until=NOW + RETRY_AFTER_MAX)


def test_the_attempts_last_75_hours_35_minutes_and_5_seconds() -> None:
    assert sum(DELAYS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert len(DELAYS) == ATTEMPTS_MAX == 10
    assert DELAYS[0] == timedelta()


@given(st.sampled_from(range(1, ATTEMPTS_MAX)), st.floats(0, 1), st.sampled_from((500, 429)))
def test_the_spread_only_adds_and_at_most_a_tenth(
    attempts: int, spread: float, status: int
) -> None:
    verdict = judge(Answer(status), attempts, NOW, spread)

    assert isinstance(verdict, TryAgain)
    waited = verdict.at - NOW
    assert DELAYS[attempts] <= waited <= DELAYS[attempts] * (1 + SPREAD_MAX)


@given(SPREADS, st.floats(0, 15), st.lists(st.integers(0, 10**6), min_size=10, max_size=10))
def test_an_outage_of_three_days_ends_before_the_last_attempt(
    spreads: list[float], took_s: float, asked_s: list[int]
) -> None:
    at = NOW
    for attempts in range(1, ATTEMPTS_MAX):
        asked = timedelta(seconds=asked_s[attempts])
        answer = Answer(503, retry_after=asked)
        verdict = judge(answer, attempts, at + timedelta(seconds=took_s), spreads[attempts])
        assert isinstance(verdict, TryAgain)
        at = verdict.at
    assert at - NOW > timedelta(hours=72)


def test_five_days_of_nothing_but_failures_disable_an_endpoint() -> None:
    assert timedelta(hours=120) == DISABLED_AFTER
    assert not is_given_up(None, NOW)
    assert not is_given_up(NOW - DISABLED_AFTER + timedelta(microseconds=1), NOW)
    assert is_given_up(NOW - DISABLED_AFTER, NOW)
