"""Wrong rules, put in on purpose one at a time: each is found within a few seeds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from inventory.domain.reservation import Reserved, units_by_sku
from inventory.handlers import release_stock, reserve_stock
from orders.domain import lifecycle
from orders.domain.order import Order, Payment, Status, Stock
from orders.domain.steps import Step
from payments import unit_of_work
from payments.calls import charging, refunding
from payments.domain.attempts import (
    Attempt,
    CallLimits,
    CallNow,
    ChargeWindow,
    TakeUp,
    take_up_charge,
)
from payments.domain.payment import Ended, end_order, queue_refund
from payments.handlers import settle_ended_order
from shared.contracts.inventory import Hold, StockReserved
from shared.messaging import batch, pipeline
from shared.messaging.batch import Batch

from tests.simulation import memory_messaging, memory_system, memory_work, steps
from tests.simulation.run import simulate

SEEDS_MAX, CHUNK = 60, 5
PENDING: Any = lifecycle.RULES[Status.PENDING]


def stock_alone_confirms(patch: pytest.MonkeyPatch) -> None:
    def take(order: Order, _: StockReserved) -> Step:
        return lifecycle._decide(replace(order, stock=Stock.RESERVED, payment=Payment.CAPTURED))

    patch.setitem(PENDING, StockReserved, take)


def an_order_that_ended_keeps_its_money(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settle_ended_order, "end_order", lambda payment, reason: Ended(payment, 0))


def an_answer_that_did_not_come_is_a_refusal(patch: pytest.MonkeyPatch) -> None:
    """And nobody looks for the charge later."""

    def close(attempt: Attempt, now: object, limits: object) -> Attempt:
        return replace(attempt, state="not_made")

    patch.setattr(charging, "closed_not_made", close)
    patch.setattr(charging, "_unknown", lambda case, why: charging._close(case, None))


def each_call_has_a_key_of_its_own(patch: pytest.MonkeyPatch) -> None:
    start = charging._start

    def start_anew(case: Any, call: CallNow) -> Any:
        made = start(case, call)
        key = f"{made.request.key}-{call.attempt.calls}"
        return replace(made, request=replace(made.request, key=key))

    patch.setattr(charging, "_start", start_anew)
    patch.setattr(charging, "take_up_charge", lambda attempt, *_: CallNow(attempt))


def a_charge_begins_where_it_is_asked_for_however_late(patch: pytest.MonkeyPatch) -> None:
    def begin(attempt: Attempt, window: ChargeWindow, now: datetime, limits: CallLimits) -> TakeUp:
        later = replace(window, decide_by=now + timedelta(days=1))
        return take_up_charge(attempt, later, now, limits)

    patch.setattr(unit_of_work, "take_up_charge", begin)


def a_charge_that_begins_where_it_is_asked_for_is_not_noted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(unit_of_work, "take_up_charge", lambda attempt, *_: CallNow(attempt))


def a_charge_that_came_late_is_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    def close(attempt: Attempt, now: object, limits: object) -> Attempt:
        return replace(attempt, state="not_made")

    patch.setattr(charging, "closed_not_made", close)


def what_was_given_back_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def forget(payment: Any, *arguments: Any) -> Any:
        return replace(payment, refunded_minor=0, refund_queued_minor=0)

    def end(payment: Any, reason: str) -> Ended:
        ended = end_order(payment, reason)
        return replace(ended, refund_minor=payment.captured_minor if ended.refund_minor else 0)

    def queue(payment: Any, minor: int, reason: str, now: Any) -> Any:
        return queue_refund(forget(payment), minor, reason, now)

    patch.setattr(settle_ended_order, "end_order", end)
    patch.setattr(unit_of_work, "queue_refund", queue)


def a_refund_is_made_again_when_nobody_answers(patch: pytest.MonkeyPatch) -> None:
    start = refunding._start

    def start_anew(case: Any, call: CallNow) -> Any:
        made = start(case, call)
        key = f"{made.request.key}-{call.attempt.calls}"
        return replace(made, request=replace(made.request, key=key))

    patch.setattr(refunding, "_start", start_anew)
    patch.setattr(refunding, "take_up_refund", lambda attempt, _: CallNow(attempt))


def stock_is_taken_without_a_look(patch: pytest.MonkeyPatch) -> None:
    def plan(lines: Any, available: Mapping[str, Mapping[str, int]]) -> Reserved:
        wanted = units_by_sku(lines).items()
        return Reserved(
            tuple(Hold(sku=sku, location=min(available[sku]), quantity=n) for sku, n in wanted)
        )

    patch.setattr(reserve_stock, "plan_reservation", plan)


def stock_of_an_ended_order_stays_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(release_stock, "_give_back", lambda order, work: None)


def the_inbox_forgets(patch: pytest.MonkeyPatch) -> None:
    async def fresh(self: Any, work: Any, items: Sequence[Any]) -> list[Any]:
        return list(items)

    patch.setattr(memory_messaging.HeldPipeline, "_fresh", fresh)


def later_events_pass_a_parked_one(patch: pytest.MonkeyPatch) -> None:
    separate = pipeline._separate
    patch.setattr(memory_messaging, "_separate", lambda fresh, parked: separate(fresh, set()))


def what_waits_behind_a_dropped_record_goes_with_it(patch: pytest.MonkeyPatch) -> None:
    redrive = memory_messaging.redrive_in_memory

    async def drop_all(transactions: Any, group: Any, place: Any, *, drop: bool) -> bool:
        if drop:
            del transactions.held.parked[place][1:]
        return await redrive(transactions, group, place, drop=drop)

    patch.setattr(memory_system, "redrive_in_memory", drop_all)


def rounds_mix_an_orders_events(patch: pytest.MonkeyPatch) -> None:
    def mixed(events: Sequence[Any]) -> Iterator[list[Batch[Any]]]:
        return batch.rounds(list(reversed(events)))

    patch.setattr(pipeline, "rounds", mixed)


def a_relay_sends_what_is_newest_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(steps, "oldest_of_each_key", lambda rows: list(reversed(rows)))


def a_fact_is_mailed_each_time_it_is_told(patch: pytest.MonkeyPatch) -> None:
    save = memory_work.HeldMessages.save

    async def forget(self: Any) -> None:
        self._messages = [replace(one, detail=one.message_id) for one in self._messages]
        await save(self)

    patch.setattr(memory_work.HeldMessages, "save", forget)
    the_inbox_forgets(patch)


WRONG: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    stock_alone_confirms,
    an_order_that_ended_keeps_its_money,
    an_answer_that_did_not_come_is_a_refusal,
    each_call_has_a_key_of_its_own,
    a_charge_begins_where_it_is_asked_for_however_late,
    a_charge_that_begins_where_it_is_asked_for_is_not_noted,
    a_charge_that_came_late_is_not_looked_for,
    what_was_given_back_is_forgotten,
    a_refund_is_made_again_when_nobody_answers,
    stock_is_taken_without_a_look,
    stock_of_an_ended_order_stays_held,
    the_inbox_forgets,
    later_events_pass_a_parked_one,
    what_waits_behind_a_dropped_record_goes_with_it,
    rounds_mix_an_orders_events,
    a_relay_sends_what_is_newest_first,
    a_fact_is_mailed_each_time_it_is_told,
)


@pytest.fixture(scope="module", autouse=True)
def right_without_them() -> None:
    """A simulation that finds everything wrong would find each of these too."""
    assert simulate(range(CHUNK), processes=1).failures == []


@pytest.mark.parametrize("plant", WRONG, ids=lambda one: one.__name__)
def test_a_wrong_rule_is_found(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    found = (
        report.failures
        for first in range(0, SEEDS_MAX, CHUNK)
        if (report := simulate(range(first, first + CHUNK), processes=1)).failures
    )

    assert next(found, [])
