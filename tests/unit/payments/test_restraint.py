"""What waited for a provider that was away comes at little more than the usual rate."""

import pytest
from payments.restraint import (
    CALLS_PER_S_MIN,
    CALM_S,
    MORE_THAN_USUAL,
    NO_LIMIT,
    PROBES_PER_S,
    UNANSWERED_MIN,
    Restraint,
)

USUAL_PER_S = 40
LOOKS_PER_S = 20


def used_to_calls(for_s: int = 120) -> tuple[Restraint, float]:
    """Calls for so long that were all answered; and what time it is."""
    restraint, now = Restraint(), 1_000.0
    for _ in range(for_s * USUAL_PER_S):
        assert restraint.room(now) == NO_LIMIT
        restraint.called(now)
        restraint.answered(now)
        now += 1 / USUAL_PER_S
    return restraint, now


def away(restraint: Restraint, now: float) -> None:
    for _ in range(UNANSWERED_MIN):
        restraint.unanswered(now, now)


def begun(restraint: Restraint, now: float, for_s: float) -> int:
    """How many calls a worker with much to do begins in so long."""
    count = 0
    for look in range(int(for_s * LOOKS_PER_S)):
        at = now + look / LOOKS_PER_S
        for _ in range(min(1_000, restraint.room(at))):
            restraint.called(at)
            count += 1
    return count


def test_a_few_calls_without_an_answer_change_nothing() -> None:
    restraint, now = used_to_calls()
    for _ in range(UNANSWERED_MIN - 1):
        restraint.unanswered(now, now)
    restraint.answered(now)
    restraint.unanswered(now, now)

    assert restraint.room(now) == NO_LIMIT


def test_calls_that_hang_while_others_are_answered_change_nothing() -> None:
    """Of forty at once six hang, and are given up together."""
    restraint, now = used_to_calls()
    for _ in range(34):
        restraint.answered(now + 0.1)
    for _ in range(UNANSWERED_MIN + 1):
        restraint.unanswered(now + 2, called_at=now)

    assert restraint.room(now + 2) == NO_LIMIT


def test_calls_that_hang_do_not_prolong_what_an_outage_began() -> None:
    """A provider that gives one call in twenty no answer is not away for ever."""
    restraint, now = used_to_calls()
    away(restraint, now)
    for tenth in range(int(10 * CALM_S)):
        restraint.answered(now + tenth / 10)
        restraint.unanswered(now + tenth / 10 + 0.05, called_at=now + tenth / 10 - 2)

    assert restraint.room(now + CALM_S + 1) == NO_LIMIT


def test_a_provider_that_is_away_is_only_probed() -> None:
    restraint, now = used_to_calls()
    away(restraint, now)

    assert abs(begun(restraint, now, 10) - 10 * PROBES_PER_S) <= 1


@pytest.mark.parametrize("for_s", [10, 30, 120])
def test_after_an_outage_calls_come_at_twice_the_usual_rate(for_s: int) -> None:
    """Also soon after a start: what is usual is known after a few seconds."""
    restraint, now = used_to_calls(for_s)
    away(restraint, now)
    restraint.answered(now)

    per_s = begun(restraint, now, 10) / 10

    assert 0.9 * MORE_THAN_USUAL * USUAL_PER_S < per_s <= 1.05 * MORE_THAN_USUAL * USUAL_PER_S


def test_a_new_process_may_call_at_a_small_rate() -> None:
    restraint = Restraint()
    away(restraint, 1_000.0)
    restraint.answered(1_000.0)

    assert abs(begun(restraint, 1_000.0, 10) - 10 * CALLS_PER_S_MIN) <= CALLS_PER_S_MIN


def test_a_burst_of_a_moment_is_not_what_is_usual() -> None:
    restraint = Restraint()
    for call in range(100):
        restraint.answered(1_000.0 + call / 1_000)
    away(restraint, 1_000.1)
    restraint.answered(1_000.1)

    assert begun(restraint, 1_000.1, 10) / 10 < 3 * MORE_THAN_USUAL * CALLS_PER_S_MIN


def test_the_rate_grows_while_the_provider_answers() -> None:
    restraint, now = used_to_calls()
    away(restraint, now)
    restraint.answered(now)
    first = begun(restraint, now, CALM_S - 5)

    grown = begun(restraint, now + CALM_S, CALM_S - 5)

    assert 1.3 * first < grown < 1.7 * first


def test_restraint_ends_when_nothing_had_to_wait_for_a_while() -> None:
    restraint, now = used_to_calls()
    away(restraint, now)
    restraint.answered(now)
    begun(restraint, now, 1)

    assert restraint.room(now + CALM_S - 1) < NO_LIMIT
    assert restraint.room(now + 3 * CALM_S) == NO_LIMIT
