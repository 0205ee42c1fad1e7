"""What no sequence of facts can bring about: tried with facts in any order, late and repeated."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from orders.domain.lifecycle import advance
from orders.domain.order import ENDED, Order, Payment, Status, Stock
from orders.domain.steps import IllegalTransition, Step

from tests.unit.orders.cases import DEADLINE, FACTS, TOTAL, an_order, captured, refunded
from tests.unit.orders.three_services import World

QUICK = settings(
    max_examples=100,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
OUTCOMES = ("OrderConfirmed", "OrderRejected", "OrderExpired")
FINAL = {*ENDED, Status.COMPLETED}
CHOICES = st.lists(st.integers(min_value=0, max_value=10**6), max_size=40)


@QUICK
@given(st.lists(st.sampled_from(FACTS), max_size=25))
def test_facts_in_any_order_and_however_often_break_no_promise(facts: list[Any]) -> None:
    """A fact that cannot be is parked, as the pipeline does, and the next one comes."""
    order, told = an_order(), Counter[str]()
    for fact in facts:
        try:
            result = advance(order, fact)
        except IllegalTransition:
            continue
        if isinstance(result, Step):
            _check_step(order, result)
            told.update(_outcome(order, result))
            order = result.order
    assert told.total() == (order.status != Status.PENDING)


@QUICK
@given(CHOICES)
def test_three_services_agree_on_one_order_however_their_records_interleave(
    choices: list[int],
) -> None:
    """No service meets a fact its rules have no row for, and all end with the same story."""
    world = World()
    for choice in choices:
        _act(world, choice)
    _finish(world)

    for before, after in zip(world.history, [*world.history[1:], world.order], strict=True):
        _check_step(before, Step(after))
    told = Counter(type(event).__name__ for event in world.told)
    from_pending = told["OrderCancelled"] - told["OrderCancellationRequested"] > 0
    assert sum(told[one] for one in OUTCOMES) + from_pending == 1
    assert all(told[one] <= 1 for one in (*OUTCOMES, "OrderCancelled", "OrderDelivered"))
    _check_books(world)


def _act(world: World, choice: int) -> None:
    """Mostly what is under way goes on; else orders would end before they have lived."""
    often = world.moves() if choice % 5 else []
    possible = often or world.actions()
    possible[choice // 5 % len(possible)]()


def _finish(world: World) -> None:
    """Everything that was told is heard, every call ends, and the clock runs out."""
    world.orders_take(DEADLINE)
    while moves := world.moves():
        moves[0]()


def _check_step(before: Order, step: Step) -> None:
    after = step.order
    if before.status in FINAL:
        assert after.status == before.status
    if after.status == Status.CONFIRMED and before.status == Status.PENDING:
        assert (after.payment, after.stock) == (Payment.CAPTURED, Stock.RESERVED)
    if after.status in ENDED:
        assert after.payment != Payment.CAPTURED, "what was captured is on its way back"
    if after is before:
        assert step.events == ()
    else:
        assert after.version == before.version + 1


def _outcome(before: Order, step: Step) -> list[str]:
    """What decides an order: a cancellation does only while it is pending."""
    told = [type(event).__name__ for event in step.events]
    names = (*OUTCOMES, "OrderCancelled") if before.status == Status.PENDING else OUTCOMES
    return [one for one in told if one in names]


def _check_books(world: World) -> None:
    """Money and goods are where the order says, by the other services' own rows."""
    order, payment, stock = world.order, world.payment, world.stock
    held_minor = payment.captured_minor - payment.refunded_minor
    if order.status in ENDED:
        assert held_minor == 0
        assert stock.status in ("released", "rejected")
        assert order.payment in _seen(payment.captured_minor)
    else:
        assert order.status in (Status.CONFIRMED, Status.COMPLETED)
        assert stock.status == "held"
        assert payment.captured_minor == TOTAL
        assert order.payment == (Payment.CAPTURED if held_minor else Payment.REFUNDED)
        assert order.fulfilment == stock.fulfilment_status


def _seen(captured_minor: int) -> tuple[Payment, ...]:
    if captured_minor:
        return (Payment.REFUNDED, Payment.DECLINED)
    return (Payment.DECLINED, Payment.VOIDED)


@QUICK
@given(st.lists(st.integers(min_value=1, max_value=TOTAL), min_size=1, max_size=6))
def test_an_ended_order_is_refunded_when_all_parts_are_back(parts: list[int]) -> None:
    order = an_order(Status.EXPIRED)
    facts: list[Any] = [captured(late=True)]
    back = 0
    for part in parts:
        back = min(TOTAL, back + part)
        facts.append(refunded(part, back))
    for fact in facts:
        result = advance(order, fact)
        assert isinstance(result, Step)
        order = result.order
    assert order.payment == (Payment.REFUNDED if back == TOTAL else Payment.REFUND_PENDING)


def test_the_search_reaches_every_status() -> None:
    """The witness: walks of the three services do get to each status there is."""
    seen: set[str] = set()
    for seed in range(300):
        chance, world = random.Random(seed), World()
        for _ in range(30):
            _act(world, chance.randrange(1_000))
            seen.add(world.order.status)
    assert seen == set(Status)


def test_the_checks_notice_a_rule_that_is_broken() -> None:
    """A decline that is forgotten would confirm an order that nobody paid."""
    unpaid = an_order(stock=Stock.RESERVED)
    with pytest.raises(AssertionError):
        _check_step(unpaid, Step(an_order(Status.CONFIRMED, payment=Payment.DECLINED, version=2)))
