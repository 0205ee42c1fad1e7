"""Why an order is where it is: each cause in words, with what may be done about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from console.domain.waits import Asked, Call, Known, Parked, Wait, waits_of

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)


def known(status: str = "pending", **more: Any) -> Known:
    deadline = more.pop("deadline_at", NOW + timedelta(seconds=40))
    return Known("ord_1", status, deadline, **more)


def call(**more: Any) -> Call:
    given: dict[str, Any] = {
        "service": "payments",
        "id": 7,
        "kind": "charge",
        "attempts": 3,
        "not_before": NOW + timedelta(seconds=12),
    }
    return Call(**{**given, **more})


def first(of: Known) -> Wait:
    return waits_of(of, NOW)[0]


def actions(wait: Wait) -> list[str]:
    return [one.name for one in wait.actions]


def test_a_pending_order_tells_what_it_waits_for_and_until_when() -> None:
    wait = first(known(payment="captured"))

    assert (wait.cause, wait.stuck) == ("deadline-pending", False)
    assert wait.says == "It waits for stock, and expires in 40 s if not."
    assert actions(wait) == ["cancel"]


def test_of_what_kafka_has_not_told_nobody_can_have_answered() -> None:
    """As of an order that is set aside behind an outage."""
    wait = first(known(told=False))

    assert (wait.cause, wait.stuck) == ("deadline-pending", False)
    assert "orders' outbox" in wait.says
    assert "payment" not in wait.says
    assert wait.says.endswith(", and expires in 40 s if not.")


def test_past_its_deadline_it_is_stuck() -> None:
    wait = first(known(deadline_at=NOW - timedelta(seconds=5)))

    assert (wait.cause, wait.stuck) == ("overdue", True)
    assert "5 s past its deadline" in wait.says
    assert "payment and stock" in wait.says


def test_a_provider_that_does_not_say_is_unknown_and_can_be_asked_again() -> None:
    unknown = call(called_at=NOW - timedelta(seconds=9), last_error="TimeoutError")
    wait = first(known(calls=(unknown,)))

    assert (wait.cause, wait.stuck) == ("provider-unknown", True)
    for told in ("9 s ago", "3 times", "TimeoutError", "unknown, never as failed", "in 12 s"):
        assert told in wait.says
    assert [(one.name, one.service, one.target) for one in wait.actions] == [
        ("retry", "payments", "7")
    ]
    assert wait.actions[0].label == "Ask the provider again now"


def test_a_call_that_has_just_begun_is_nothing_to_worry_about() -> None:
    begun = call(attempts=1, called_at=NOW - timedelta(seconds=1), under_way=True)
    of_provider = next(
        one for one in waits_of(known(calls=(begun,)), NOW) if one.cause == "provider-unknown"
    )

    assert not of_provider.stuck
    assert "it is being tried now" in of_provider.says


def test_a_mail_that_nobody_takes_can_be_tried_again() -> None:
    mail = call(service="notifications", kind="mail", last_error="ConnectionRefusedError")
    wait = first(known("confirmed", calls=(mail,)))

    assert (wait.cause, wait.stuck) == ("mail-not-taken", True)
    assert "ConnectionRefusedError" in wait.says
    assert wait.actions[0].label == "Try the mail again now"


def test_a_mail_is_told_of_after_the_order_has_ended_too() -> None:
    mail = call(service="notifications", kind="mail", last_error="refused")

    assert [one.cause for one in waits_of(known("delivered", calls=(mail,)), NOW)] == [
        "mail-not-taken"
    ]


def test_work_that_has_not_begun_says_so_and_what_comes_behind_it_waits() -> None:
    begun, behind = call(attempts=0, not_before=NOW), call(id=8, kind="refund", attempts=0)
    told = [one.says for one in waits_of(known(calls=(begun, behind)), NOW)]

    assert "A charge is not begun; it is due now." in told
    assert "A refund waits behind the charge before it." in told


def test_a_parked_event_can_be_looked_at_redriven_or_discarded() -> None:
    parked = Parked("inventory", 3, "orders.order-placed.v1", "bad-data", "lines: missing", 2)
    wait = first(known(parked=(parked,)))

    assert (wait.cause, wait.stuck) == ("parked", True)
    assert wait.says == (
        "inventory has parked orders.order-placed.v1: bad-data, lines: missing. "
        "2 later events of the order wait behind it."
    )
    assert actions(wait) == ["dry-run", "redrive", "discard"]


def test_a_service_that_is_silent_or_behind_is_named() -> None:
    waits = waits_of(known(silent=("payments",), lag_s={"payments": 60, "inventory": 15.1}), NOW)

    assert [(one.cause, one.stuck) for one in waits] == [
        ("service-down", True),
        ("consumer-behind", True),
        ("deadline-pending", False),
    ]
    assert waits[0].says.startswith("payments does not answer")
    assert waits[1].says.startswith("inventory reads 15 s behind")


def test_what_has_just_come_holds_nobody_up() -> None:
    """It may have come right behind the last look at the lag, ten seconds ago, or a little more."""
    [waits] = waits_of(known(lag_s={"inventory": 15.0}), NOW)

    assert waits.cause == "deadline-pending"


@pytest.mark.parametrize("status", ["rejected", "expired", "cancelled", "delivered"])
def test_of_an_order_that_has_ended_nothing_waits(status: str) -> None:
    assert waits_of(known(status, silent=("payments",), lag_s={"orders": 60}), NOW) == []


@pytest.mark.parametrize(
    ("status", "cause", "can_be_cancelled"),
    [
        ("confirmed", "dispatch-pending", True),
        ("partially_shipped", "dispatch-pending", False),
        ("shipped", "delivery-pending", False),
        ("cancelling", "cancellation-pending", False),
    ],
)
def test_each_status_has_its_wait(status: str, cause: str, can_be_cancelled: bool) -> None:
    [wait] = waits_of(known(status), NOW)

    assert (wait.cause, wait.stuck) == (cause, False)
    assert actions(wait) == (["cancel"] if can_be_cancelled else [])


@pytest.mark.parametrize(
    ("ago", "stuck", "length"),
    [
        (timedelta(seconds=90), False, "for 90 s"),
        (timedelta(minutes=90), False, "for 90 min"),
        (timedelta(hours=24), False, "for 24 h"),
        (timedelta(hours=24, seconds=1), True, "for 24 h"),
    ],
)
def test_a_partner_who_does_not_answer_the_cancellation_is_named_and_may_be_answered_for(
    ago: timedelta, stuck: bool, length: str
) -> None:
    [wait] = waits_of(known("cancelling", asked=(Asked("ffo_1", NOW - ago),)), NOW)

    assert (wait.cause, wait.stuck) == ("partner-silent", stuck)
    assert wait.says.startswith(f"The partner has not answered the cancellation {length}:")
    assert [(one.name, one.service, one.target, one.answer) for one in wait.actions] == [
        ("release", "inventory", "ffo_1", "accepted"),
        ("release", "inventory", "ffo_1", "refused"),
    ]


def test_a_partner_is_named_also_when_nobody_knows_since_when_and_orders_has_not_heard() -> None:
    waits = waits_of(known("confirmed", asked=(Asked("ffo_1"),)), NOW)

    assert [one.cause for one in waits] == ["partner-silent", "dispatch-pending"]
    assert waits[0].says.startswith("The partner has not answered the cancellation: only")
    assert waits_of(known("cancelled", asked=(Asked("ffo_1"),)), NOW) == []


@pytest.mark.parametrize(
    ("requests", "cause", "stuck", "words"),
    [
        ((), "dispatch-pending", False, "for the warehouse to dispatch"),
        (("unsubmitted",), "dispatch-pending", False, "for the warehouse to dispatch"),
        (("accepted",), "dispatch-pending", False, "for the warehouse to dispatch"),
        (("requested",), "dispatch-pending", False, "for the partner to accept it and dispatch"),
        (("rejected",), "partner-rejected", True, "will not fulfil it: ask another"),
    ],
)
def test_a_confirmed_order_tells_how_its_partner_stands(
    requests: tuple[str, ...], cause: str, stuck: bool, words: str
) -> None:
    [wait] = waits_of(known("confirmed", requests=requests), NOW)

    assert (wait.cause, wait.stuck) == (cause, stuck)
    assert words in wait.says
    assert actions(wait) == ["cancel"]
