"""When a call may be made, when an attempt is closed and when it is looked for again."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from payments.domain.attempts import (
    AskFirst,
    CallNow,
    ChargeWindow,
    CloseNotMade,
    NothingToDo,
    Wait,
    charge_not_found,
    charge_obstacle,
    closed_not_made,
    next_sweep_at,
    not_called,
    refund_not_found,
    refused,
    succeeded,
    sweep_now,
    swept_in_vain,
    take_up_charge,
    take_up_refund,
)

from tests.unit.payments.cases import (
    DECIDE_BY,
    LIMITS,
    NOW,
    SECOND,
    TICK,
    an_attempt,
    called,
)

ALIVE = ChargeWindow(order_ended=False, decide_by=DECIDE_BY)
ENDED = ChargeWindow(order_ended=True, decide_by=DECIDE_BY)
SETTLE = LIMITS.settle_after


def test_a_first_call_is_started_and_noted() -> None:
    match take_up_charge(an_attempt(), ALIVE, NOW, LIMITS):
        case CallNow(attempt):
            assert (attempt.calls, attempt.call_started_at, attempt.first_called_at) == (
                1,
                NOW,
                NOW,
            )
        case other:
            pytest.fail(repr(other))


def test_an_attempt_that_may_have_been_called_is_asked_about_first() -> None:
    assert take_up_charge(called(), ALIVE, NOW, LIMITS) == AskFirst()
    assert take_up_charge(called(), ENDED, NOW, LIMITS) == AskFirst()
    assert take_up_refund(called(operation="refund"), NOW) == AskFirst()


def test_a_first_call_that_was_not_made_leaves_no_trace() -> None:
    match take_up_charge(an_attempt(), ALIVE, NOW, LIMITS):
        case CallNow(attempt):
            assert not_called(attempt) == an_attempt()
        case other:
            pytest.fail(repr(other))


def test_a_repeat_that_was_not_made_leaves_the_call_before_it() -> None:
    repeated = replace(called(), calls=2, call_started_at=NOW)

    assert not_called(repeated).calls == 1
    assert take_up_charge(not_called(repeated), ALIVE, NOW, LIMITS) == AskFirst()


@pytest.mark.parametrize("state", ["succeeded", "refused", "not_made"])
def test_a_closed_attempt_is_left_alone(state: str) -> None:
    closed = an_attempt(state=state)

    assert take_up_charge(closed, ALIVE, NOW, LIMITS) == NothingToDo()
    assert charge_not_found(closed, ALIVE, NOW, LIMITS) == NothingToDo()
    assert take_up_refund(closed, NOW) == NothingToDo()
    assert refund_not_found(closed, NOW, LIMITS, 1) == NothingToDo()


def test_an_order_that_ended_closes_the_attempt_without_a_call() -> None:
    assert take_up_charge(an_attempt(), ENDED, NOW, LIMITS) == CloseNotMade("order-ended")


def test_the_last_moment_to_start_a_charge_is_just_before_decide_by() -> None:
    before = take_up_charge(an_attempt(), ALIVE, DECIDE_BY - TICK, LIMITS)
    at = take_up_charge(an_attempt(), ALIVE, DECIDE_BY, LIMITS)

    assert isinstance(before, CallNow)
    assert at == CloseNotMade("deadline-passed")


@pytest.mark.parametrize(("calls", "obstacle"), [(3, None), (4, "calls-used-up")])
def test_calls_are_counted(calls: int, obstacle: str | None) -> None:
    assert charge_obstacle(called(calls), ALIVE, NOW, LIMITS) == obstacle


def test_a_key_is_used_for_half_its_life() -> None:
    old = ChargeWindow(order_ended=False, decide_by=NOW + timedelta(days=2))
    half = NOW + LIMITS.key_use_max

    assert charge_obstacle(called(), old, half - TICK, LIMITS) is None
    assert charge_obstacle(called(), old, half, LIMITS) == "key-too-old"


def test_the_age_of_a_key_counts_from_its_first_call() -> None:
    late = NOW + LIMITS.key_use_max
    window = ChargeWindow(order_ended=False, decide_by=late + SECOND)

    assert charge_obstacle(an_attempt(), window, late, LIMITS) is None
    repeated = replace(called(2), call_started_at=late)
    assert charge_obstacle(repeated, window, late, LIMITS) == "key-too-old"


def test_not_found_permits_a_repeat_and_starts_the_clock_anew() -> None:
    step = charge_not_found(called(not_found_since=NOW), ALIVE, NOW + SECOND, LIMITS)

    assert isinstance(step, CallNow)
    assert (step.attempt.calls, step.attempt.call_started_at) == (2, NOW + SECOND)
    assert step.attempt.first_called_at == NOW
    assert step.attempt.not_found_since is None


def test_the_first_not_found_waits_and_the_second_closes_only_when_far_enough_apart() -> None:
    first = charge_not_found(called(), ENDED, NOW, LIMITS)
    assert isinstance(first, Wait)
    assert first.until == NOW + SETTLE

    too_soon = charge_not_found(first.attempt, ENDED, NOW + SETTLE - TICK, LIMITS)
    assert too_soon == Wait(first.attempt, NOW + SETTLE)

    assert charge_not_found(first.attempt, ENDED, NOW + SETTLE, LIMITS) == CloseNotMade(None)


def test_a_refund_is_repeated_while_its_key_is_usable_and_asked_for_afterwards() -> None:
    refund = called(operation="refund")
    half = NOW + LIMITS.key_use_max

    assert isinstance(refund_not_found(refund, half - TICK, LIMITS, 1), CallNow)
    assert refund_not_found(refund, half, LIMITS, 3) == Wait(refund, half + 4 * SECOND)


@pytest.mark.parametrize(
    ("tries", "factor"), [(0, 1), (1, 1), (2, 2), (6, 32), (7, 64), (8, 64), (100, 64)]
)
def test_backoff_doubles_up_to_64_times(tries: int, factor: int) -> None:
    assert LIMITS.backoff(tries) == factor * SECOND


def test_an_attempt_closed_without_a_call_is_not_swept() -> None:
    closed = closed_not_made(an_attempt(), NOW, LIMITS)

    assert (closed.state, closed.next_sweep_at) == ("not_made", None)


def test_an_attempt_closed_after_a_call_stays_on_the_sweep() -> None:
    closed = closed_not_made(called(), NOW, LIMITS)

    assert (closed.state, closed.swept_from) == ("not_made", NOW)
    assert closed.next_sweep_at == NOW + 60 * SECOND


def test_closing_keeps_a_sweep_that_was_asked_for_sooner() -> None:
    soon, late = NOW + SECOND, NOW + timedelta(hours=1)

    assert closed_not_made(called(next_sweep_at=soon), NOW, LIMITS).next_sweep_at == soon
    assert (
        closed_not_made(called(next_sweep_at=late), NOW, LIMITS).next_sweep_at == NOW + 60 * SECOND
    )


@pytest.mark.parametrize(
    ("after_s", "next_s"),
    [(0, 60), (59, 60), (60, 300), (299, 300), (300, 1800), (1799, 1800), (1800, None)],
)
def test_sweeps_follow_the_schedule_and_skip_what_was_missed(
    after_s: int, next_s: int | None
) -> None:
    expected = None if next_s is None else NOW + next_s * SECOND

    assert next_sweep_at(NOW, NOW + after_s * SECOND, LIMITS) == expected


def test_a_sweep_in_vain_sets_the_next() -> None:
    claim = NOW + 75 * SECOND
    closed = called(state="not_made", swept_from=NOW, next_sweep_at=claim)

    swept = swept_in_vain(closed, claim, NOW + 61 * SECOND, LIMITS)

    assert swept.next_sweep_at == NOW + 300 * SECOND


def test_a_sweep_in_vain_keeps_one_that_was_asked_for_meanwhile() -> None:
    wish, claim = NOW + 62 * SECOND, NOW + 75 * SECOND
    closed = called(state="not_made", swept_from=NOW, next_sweep_at=wish)

    assert swept_in_vain(closed, claim, NOW + 63 * SECOND, LIMITS) == closed


def test_an_open_attempt_leaves_the_sweep_to_its_worker() -> None:
    wanted = sweep_now(called(), NOW)
    claim = NOW + 15 * SECOND

    swept = swept_in_vain(replace(wanted, next_sweep_at=claim), claim, NOW + SECOND, LIMITS)

    assert swept.next_sweep_at is None


@pytest.mark.parametrize("state", ["open", "refused", "not_made"])
def test_a_loser_has_somebody_look_now_and_over_the_whole_schedule_again(state: str) -> None:
    later = NOW + timedelta(days=3)

    wanted = sweep_now(called(state=state, swept_from=NOW), later)

    assert (wanted.next_sweep_at, wanted.swept_from) == (later, later)


@pytest.mark.parametrize(
    "attempt", [called(state="succeeded"), called(operation="refund")], ids=["paid", "refund"]
)
def test_nobody_looks_for_what_cannot_come_unseen(attempt: object) -> None:
    assert sweep_now(attempt, NOW) == attempt  # type: ignore[arg-type]


def test_an_outcome_ends_the_sweep() -> None:
    on_sweep = called(state="not_made", swept_from=NOW, next_sweep_at=NOW)

    assert succeeded(on_sweep, "ch_1").next_sweep_at is None
    assert refused(on_sweep, None).next_sweep_at is None


def test_the_schedule_of_no_sweep_is_over_at_once() -> None:
    assert next_sweep_at(NOW, datetime.max.replace(tzinfo=NOW.tzinfo), LIMITS) is None
