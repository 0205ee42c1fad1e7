"""Every status against every fact: a row of the table, or a refusal to go on."""

from typing import Any

import pytest
from orders.domain.lifecycle import RULES, advance
from orders.domain.order import ENDED, Status
from orders.domain.steps import IllegalTransition, Refused, Step
from shared.database.transient import is_transient
from shared.errors import Permanent

from tests.unit.orders.cases import FACTS, an_order

KINDS = sorted({type(fact) for fact in FACTS}, key=lambda kind: kind.__name__)

# What can happen in each status, told apart from the table itself.
POSSIBLE: dict[Status, str] = {
    Status.PENDING: (
        "PaymentCaptured PaymentDeclined PaymentRefunded StockReserved StockRejected "
        "CancelRequested DeadlinePassed"
    ),
    Status.CONFIRMED: (
        "PaymentRefunded FulfilmentOrderOpened ShipmentDispatched ShipmentDelivered "
        "CancelRequested DeadlinePassed"
    ),
    Status.CANCELLING: (
        "PaymentRefunded FulfilmentOrderOpened FulfilmentOrderCancelled CancellationRefused "
        "ShipmentDispatched ShipmentDelivered CancelRequested DeadlinePassed"
    ),
    Status.COMPLETED: "PaymentRefunded CancelRequested DeadlinePassed",
    **dict.fromkeys(
        sorted(ENDED),
        "PaymentCaptured PaymentDeclined PaymentVoided PaymentRefunded StockReserved "
        "StockRejected StockReleased FulfilmentOrderCancelled CancelRequested DeadlinePassed",
    ),
}


def test_every_status_has_its_rules_and_every_rule_a_fact_tried_here() -> None:
    assert set(RULES) == set(Status) == set(POSSIBLE)
    assert {kind for rules in RULES.values() for kind in rules} == set(KINDS)


@pytest.mark.parametrize("status", Status)
def test_a_fact_has_a_row_exactly_where_it_can_happen(status: Status) -> None:
    assert {kind.__name__ for kind in RULES[status]} == set(POSSIBLE[status].split())


@pytest.mark.parametrize("status", Status)
def test_a_fact_with_a_row_leads_somewhere_and_one_without_raises(status: Status) -> None:
    order = an_order(status)
    for fact in FACTS:
        if type(fact) in RULES[status]:
            assert isinstance(advance(order, fact), (Step, Refused))
        else:
            with pytest.raises(IllegalTransition, match=f"{type(fact).__name__} on a {status}"):
                advance(order, fact)


@pytest.mark.parametrize("status", Status)
def test_a_change_is_one_version_and_what_changes_nothing_tells_nothing(status: Status) -> None:
    """An unchanged order is the very same object, so that no transition is written for it."""
    order = an_order(status)
    for fact in _possible(status):
        match advance(order, fact):
            case Step(order=after, events=events) if after is order:
                assert events == (), fact
            case Step(order=after):
                assert after.version == order.version + 1, fact
            case Refused(status=named):
                assert named != "", fact


@pytest.mark.parametrize("status", Status)
def test_no_fact_changes_what_an_order_was_placed_with(status: Status) -> None:
    order = an_order(status)
    fixed = ("order_id", "tenant", "client_reference", "currency", "total_minor", "placed_at")
    for fact in _possible(status):
        result = advance(order, fact)
        if isinstance(result, Step):
            assert all(getattr(result.order, one) == getattr(order, one) for one in fixed), fact
            assert all(event.order_id == order.order_id for event in result.events), fact


def _possible(status: Status) -> list[Any]:
    return [fact for fact in FACTS if type(fact) in RULES[status]]


def test_an_impossible_fact_is_for_people_and_not_tried_again() -> None:
    order = an_order(Status.COMPLETED)
    with pytest.raises(IllegalTransition) as raised:
        advance(order, FACTS[0])
    assert isinstance(raised.value, Permanent)
    assert not is_transient(raised.value)
    assert raised.value.order_id == order.order_id


def test_a_fact_of_no_kind_at_all_is_impossible() -> None:
    with pytest.raises(IllegalTransition, match="str on a pending order"):
        advance(an_order(), "captured")
