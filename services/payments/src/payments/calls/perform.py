"""A leased row is performed: decide, call or ask, record, until it is closed or put off."""

from functools import partial

from shared.work.rows import LeasedRow

from payments import metrics
from payments.calls import charging, refunding
from payments.calls.desk import Ask, Call, Desk
from payments.provider import Charge, Provider, Refund
from shared import crash


async def perform(row: LeasedRow, *, desk: Desk, provider: Provider) -> None:
    """What the worker runs for each row. No transaction is open during a call.

    Raises only what the database raises; the row is then taken up again and asks first.
    """
    if row.kind == "charge":
        await _charge(row, desk, provider)
    else:
        await _refund(row, desk, provider)


async def _charge(row: LeasedRow, desk: Desk, provider: Provider) -> None:
    step = await desk.record(row, charging.take_up)
    while True:
        match step:
            case Call(Charge() as charge):
                crash.point("worker.before_call")
                answer = await provider.charge(charge)
                crash.point("worker.after_call")
            case Ask(key):
                answer = await provider.find_charge(key)
            case _:
                return
        metrics.count_answer("charge", answer)
        decide = partial(charging.answered, answer=answer)
        step = await desk.record(row, decide, charging.lease_lost)


async def _refund(row: LeasedRow, desk: Desk, provider: Provider) -> None:
    step = await desk.record(row, refunding.take_up)
    while True:
        match step:
            case Call(Refund() as refund):
                crash.point("worker.before_call")
                answer = await provider.refund(refund)
                crash.point("worker.after_call")
            case Ask(key):
                answer = await provider.find_refund(key)
            case _:
                return
        metrics.count_answer("refund", answer)
        step = await desk.record(row, partial(refunding.answered, answer=answer))
