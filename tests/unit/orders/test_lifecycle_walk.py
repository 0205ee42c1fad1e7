"""The lifecycle's table, walked: every state that facts in any order reach from a placed order."""

import pytest
from orders.domain.order import ENDED, NEXT, Payment, Status, Stock

from tests.tools.lifecycle import walk

ROWS = walk().rows


@pytest.mark.parametrize("row", ROWS, ids=[f"{one}-{fact.__name__}" for one, fact in ROWS])
def test_a_row_is_used_and_never_fails(row: tuple[Status, type]) -> None:
    """A row that nothing reaches is dead; one that raises parks what it should have taken."""
    outcomes = ROWS[row]

    assert outcomes
    assert [status for status, _ in outcomes if status.startswith("fails")] == []


@pytest.mark.parametrize("status", Status)
def test_the_steps_an_invariant_allows_are_those_of_the_table(status: Status) -> None:
    leads = {
        outcome.status
        for (before, _), outcomes in ROWS.items()
        for outcome in outcomes
        if before == status
    }

    assert leads - {"refused"} == NEXT[status]


def test_every_status_is_reached() -> None:
    assert {order.status for order in walk().orders} == set(Status)


@pytest.mark.parametrize("end", [*sorted(ENDED), Status.COMPLETED])
def test_an_end_has_no_exit(end: Status) -> None:
    leads = {
        outcome.status
        for (status, _), outcomes in walk().rows.items()
        for outcome in outcomes
        if status == end
    }

    assert leads <= {end, "refused"}


def test_an_order_is_confirmed_only_with_its_money_and_its_stock() -> None:
    told = [order for order in walk().orders if order.status == Status.CONFIRMED]

    assert {order.stock for order in told} == {Stock.RESERVED}
    assert {order.payment for order in told} <= {Payment.CAPTURED, Payment.REFUNDED}


def test_an_order_that_ended_keeps_no_money() -> None:
    """What was captured is on its way back, or back."""
    ended = [order for order in walk().orders if order.status in ENDED]

    assert [order for order in ended if order.payment == Payment.CAPTURED] == []


def test_a_rejected_order_has_a_reason_and_an_expired_one_has_none() -> None:
    for order in walk().orders:
        if order.status == Status.REJECTED:
            assert order.reasons
        if order.status == Status.EXPIRED:
            assert not order.reasons
