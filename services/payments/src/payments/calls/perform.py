"""A leased row is performed: decide, call or ask, record, until it is closed or put off."""

from functools import partial

from shared.work.rows import LeasedRow
from shared.work.slots import NoSlot, Slots

from payments import metrics
from payments.calls import charging, refunding
from payments.calls.desk import Ask, Call, Case, Desk, Done, Later, Step
from payments.domain.attempts import not_called
from payments.provider import Charge, ChargeAnswer, Provider, Refund, RefundAnswer
from shared import crash


async def perform(row: LeasedRow, *, desk: Desk, provider: Provider, slots: Slots) -> None:
    """What the worker runs for each row. No transaction is open during a call.

    Raises only what the database raises; the row is then taken up again and asks first.
    """
    if row.kind == "charge":
        await _charge(row, desk, provider, slots)
    else:
        await _refund(row, desk, provider, slots)


async def _charge(row: LeasedRow, desk: Desk, provider: Provider, slots: Slots) -> None:
    begun: Charge | None = row.begun
    step = Call(begun) if begun is not None else await desk.record(row, charging.take_up)
    while isinstance(step, Call | Ask):
        try:
            async with slots.take():
                answer = await _charge_or_ask(step, provider)
        except NoSlot:
            await desk.record(row, partial(_put_back, step=step))
            return
        metrics.count_answer("charge", answer)
        decide = partial(charging.answered, answer=answer)
        step = await desk.record(row, decide, charging.lease_lost)


async def _refund(row: LeasedRow, desk: Desk, provider: Provider, slots: Slots) -> None:
    step = await desk.record(row, refunding.take_up)
    while isinstance(step, Call | Ask):
        try:
            async with slots.take():
                answer = await _refund_or_ask(step, provider)
        except NoSlot:
            await desk.record(row, partial(_put_back, step=step))
            return
        metrics.count_answer("refund", answer)
        step = await desk.record(row, partial(refunding.answered, answer=answer))


async def _charge_or_ask(step: Call | Ask, provider: Provider) -> ChargeAnswer:
    if isinstance(step, Ask):
        return await provider.find_charge(step.key)
    assert isinstance(step.request, Charge)
    crash.point("worker.before_call")
    answer = await provider.charge(step.request)
    crash.point("worker.after_call")
    return answer


async def _refund_or_ask(step: Call | Ask, provider: Provider) -> RefundAnswer:
    if isinstance(step, Ask):
        return await provider.find_refund(step.key)
    assert isinstance(step.request, Refund)
    crash.point("worker.before_call")
    answer = await provider.refund(step.request)
    crash.point("worker.after_call")
    return answer


def _put_back(case: Case, step: Call | Ask) -> Step:
    """No slot came free in time -> the row waits again, and nobody has heard of a call."""
    if case.attempt.state != "open":
        return Done()
    if isinstance(step, Call):
        case.work.keep(case.payment, not_called(case.attempt))
    return Later(case.now, "no-slot")
