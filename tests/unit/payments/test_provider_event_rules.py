"""An event is never taken for money: it says what must be asked, or cannot be explained."""

from dataclasses import replace
from datetime import timedelta

import pytest
from payments.domain.attempts import ANSWER_GRACE, Attempt, AttemptKey, State, heard_of
from payments.domain.heard import KnownAttempt, Outcome, Type, outcome_of

from tests.unit.payments.cases import NOW

CHARGE, REFUND = AttemptKey("ord_1", "charge", 1), AttemptKey("ord_1", "refund", 1)


@pytest.mark.parametrize(
    ("told", "key", "state", "outcome"),
    [
        ("charge.captured", CHARGE, "open", "asked"),
        ("charge.captured", CHARGE, "not_made", "asked"),
        ("charge.captured", CHARGE, "refused", "asked"),
        ("charge.captured", CHARGE, "succeeded", "known"),
        ("charge.declined", CHARGE, "open", "asked"),
        ("charge.declined", CHARGE, "not_made", "asked"),
        ("charge.declined", CHARGE, "refused", "known"),
        ("charge.declined", CHARGE, "succeeded", "known"),
        ("charge.refunded", REFUND, "open", "asked"),
        ("charge.refunded", REFUND, "succeeded", "known"),
        ("charge.refunded", REFUND, "refused", "unaccounted"),
        ("charge.refunded", CHARGE, "succeeded", "unaccounted"),
        ("charge.captured", REFUND, "open", "unaccounted"),
    ],
)
def test_an_event_is_judged_by_what_is_known_of_its_operation(
    told: Type, key: AttemptKey, state: State, outcome: Outcome
) -> None:
    assert outcome_of(told, "ch_1", KnownAttempt(key, state, "ch_1")) == outcome


def test_a_second_charge_under_a_key_and_a_key_of_others_are_unaccounted() -> None:
    known = KnownAttempt(CHARGE, "succeeded", "ch_1")

    assert outcome_of("charge.captured", "ch_2", known) == "unaccounted"
    assert outcome_of("charge.captured", "ch_1", None) == "unaccounted"


def an_attempt(state: State = "open", key: AttemptKey = CHARGE) -> Attempt:
    return Attempt(*key, "k", 100, "GBP", NOW, state=state)


def test_an_open_attempt_is_asked_about_after_a_moment_and_a_closed_one_now() -> None:
    assert heard_of(an_attempt("open"), NOW).next_sweep_at == NOW + ANSWER_GRACE
    assert heard_of(an_attempt("not_made"), NOW).next_sweep_at == NOW
    assert heard_of(an_attempt("refused"), NOW).next_sweep_at == NOW
    assert heard_of(an_attempt("not_made"), NOW).swept_from == NOW


def test_a_sweep_that_comes_earlier_stays() -> None:
    due = replace(an_attempt(), next_sweep_at=NOW + timedelta(milliseconds=1))

    assert heard_of(due, NOW).next_sweep_at == due.next_sweep_at


@pytest.mark.parametrize(
    ("key", "state"), [(CHARGE, "succeeded"), (REFUND, "succeeded"), (REFUND, "refused")]
)
def test_there_is_nothing_to_ask_about_what_is_settled(key: AttemptKey, state: State) -> None:
    settled = an_attempt(state, key)

    assert heard_of(settled, NOW) is settled
