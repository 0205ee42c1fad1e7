"""The demo's judge: what went as told passes, anything else is named."""

from dataclasses import replace
from typing import Any

import pytest
from local_runtime.demo_checks import (
    DELIVERED,
    EXPIRED_LATE_CHARGE,
    OTHERS,
    REJECTED_BOTH,
    Found,
    Outcome,
    found,
    problems,
)


def as_told(outcome: Outcome) -> Found:
    return Found(
        order_id="ord_1",
        status=outcome.ends,
        reasons=sorted(outcome.reasons),
        operations=[(name, 765) for name in outcome.operations],
        on_hand=outcome.on_hand,
        reserved=0,
        subjects=[f"Your order web-1 {end}" for end in outcome.mails],
    )


@pytest.mark.parametrize("outcome", [DELIVERED, *OTHERS], ids=lambda one: one.name)
def test_what_went_as_told_has_no_problems(outcome: Outcome) -> None:
    assert problems(outcome, as_told(outcome)) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"status": "rejected"}, "status"),
        ({"reasons": ["out-of-stock"]}, "reasons"),
        ({"operations": [("capture", 764)]}, "money kept"),
        ({"operations": [("capture", 765), ("capture", 765)]}, "money operations"),
        ({"on_hand": 8}, "on hand"),
        ({"reserved": 1}, "reserved"),
        ({"subjects": []}, "mails"),
    ],
)
def test_each_difference_is_named(change: dict[str, Any], named: str) -> None:
    wrong = problems(DELIVERED, replace(as_told(DELIVERED), **change))

    assert any(one.startswith(f"{named}:") for one in wrong)


def test_a_late_charge_not_yet_refunded_is_no_good_end() -> None:
    seen = replace(as_told(EXPIRED_LATE_CHARGE), operations=[("capture", 765)])

    assert problems(EXPIRED_LATE_CHARGE, seen)


def test_an_expired_order_whose_late_charge_was_not_seen_is_no_good_end() -> None:
    assert problems(EXPIRED_LATE_CHARGE, replace(as_told(EXPIRED_LATE_CHARGE), operations=[]))


def test_mails_in_another_order_are_a_problem() -> None:
    seen = as_told(DELIVERED)

    assert problems(DELIVERED, replace(seen, subjects=seen.subjects[::-1]))


def test_only_a_delivered_order_keeps_money_and_takes_goods() -> None:
    assert (DELIVERED.net_minor, DELIVERED.on_hand) == (765, 7)
    assert all((one.net_minor, one.on_hand) == (0, one.in_stock) for one in OTHERS)


def test_orders_of_different_runs_and_outcomes_share_nothing() -> None:
    marks = {one.basket(run).sku for one in (DELIVERED, *OTHERS) for run in ("a", "b")}

    assert len(marks) == 2 * (1 + len(OTHERS))


def test_a_mail_that_came_twice_and_what_the_provider_refused_do_not_count() -> None:
    def operation(name: str, ok: bool, order_id: str = "ord_1") -> dict[str, Any]:
        return {"op": name, "order_id": order_id, "amount_minor": 765, "ok": ok}

    seen = found(
        {"order_id": "ord_1", "status": "rejected", "reasons": ["payment-declined"]},
        [operation("capture", False), operation("capture", True, "ord_2")],
        {"on_hand": 1, "reserved": 0},
        [{"message_id": "<1>", "subject": "Your order x has been received"}] * 2
        + [{"message_id": "<2>", "subject": "Your order x could not be accepted"}],
    )

    assert problems(replace(REJECTED_BOTH, reasons=("payment-declined",)), seen) == []
