"""What waited for a provider that was away comes at little more than the usual rate."""

from payments.restraint import (
    CALLS_PER_S_MIN,
    CALM_S,
    PROBES_PER_S,
    UNANSWERED_MIN,
    WAIT_S_MAX,
    Restraint,
)

USUAL_PER_S = 40


def used_to_calls() -> tuple[Restraint, float]:
    """A minute of calls that were all answered; and what time it is."""
    restraint, now = Restraint(), 1_000.0
    for _ in range(60 * USUAL_PER_S):
        assert restraint.wait_s(now) == 0
        restraint.answered(now)
        now += 1 / USUAL_PER_S
    return restraint, now


def away(restraint: Restraint, now: float) -> None:
    for _ in range(UNANSWERED_MIN):
        restraint.unanswered(now)


def away_and_back(restraint: Restraint, now: float) -> None:
    away(restraint, now)
    restraint.answered(now)


def at_once(restraint: Restraint, now: float) -> list[float]:
    """How long each waits of those that come at once and are not sent away."""
    waits = []
    while (wait_s := restraint.wait_s(now)) is not None:
        waits.append(wait_s)
    return waits


def test_while_the_provider_answers_nobody_waits() -> None:
    restraint, now = used_to_calls()

    assert {restraint.wait_s(now) for _ in range(1_000)} == {0}


def test_a_few_calls_without_an_answer_change_nothing() -> None:
    restraint, now = used_to_calls()
    for _ in range(UNANSWERED_MIN - 1):
        restraint.unanswered(now)
    restraint.answered(now)
    restraint.unanswered(now)

    assert {restraint.wait_s(now) for _ in range(1_000)} == {0}


def test_a_provider_that_is_away_is_only_probed() -> None:
    restraint, now = used_to_calls()
    away(restraint, now)

    assert at_once(restraint, now) == [n / PROBES_PER_S for n in range(int(WAIT_S_MAX) + 1)]


def test_after_an_outage_calls_come_at_half_as_much_again() -> None:
    restraint, now = used_to_calls()
    away_and_back(restraint, now)

    waits = at_once(restraint, now + 1)

    assert waits == sorted(waits)
    assert waits[-1] <= WAIT_S_MAX
    per_s = len(waits) / WAIT_S_MAX
    assert 1.2 * USUAL_PER_S < per_s < 1.6 * USUAL_PER_S


def test_a_new_process_may_call_at_a_small_rate() -> None:
    restraint = Restraint()
    away_and_back(restraint, 1_000.0)

    assert abs(len(at_once(restraint, 1_000.0)) - WAIT_S_MAX * CALLS_PER_S_MIN) <= 1


def test_the_rate_grows_while_the_provider_answers() -> None:
    restraint, now = used_to_calls()
    away_and_back(restraint, now)
    first = len(at_once(restraint, now))
    later = now + CALM_S - WAIT_S_MAX
    at_once(restraint, later)

    grown = len(at_once(restraint, later + 2 * WAIT_S_MAX))

    assert 1.3 * first < grown < 1.7 * first


def test_restraint_ends_when_nobody_had_to_wait_for_a_while() -> None:
    restraint, now = used_to_calls()
    away_and_back(restraint, now)
    at_once(restraint, now)

    assert at_once(restraint, now + CALM_S - 1)[-1] > 0
    assert {restraint.wait_s(now + 3 * CALM_S) for _ in range(1_000)} == {0}
