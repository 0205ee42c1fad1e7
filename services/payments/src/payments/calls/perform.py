"""A leased row is performed: decide, call or ask, record, until it is closed or put off."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from shared.work.rows import LeasedRow
from shared.work.slots import NoSlot, Slots

from payments import metrics
from payments.calls import charging, refunding
from payments.calls.desk import Ask, Call, Case, Decide, Desk, Done, Later, Note, Step, nothing
from payments.domain.attempts import not_called
from payments.provider import Charge, ChargeAnswer, Provider, Refund, RefundAnswer
from shared import crash

Request = TypeVar("Request", bound=Charge | Refund)
Answer = TypeVar("Answer", bound=ChargeAnswer | RefundAnswer)


@dataclass(frozen=True, slots=True)
class _Operation(Generic[Request, Answer]):
    """What the provider can be told and asked, and what is decided before and after."""

    request: type[Request]
    call: Callable[[Request], Awaitable[Answer]]
    find: Callable[[str], Awaitable[Answer]]
    take_up: Decide
    answered: Callable[[Case, Answer], Step]
    lease_lost: Note

    async def answer_to(self, step: Call | Ask) -> Answer:
        if isinstance(step, Ask):
            return await self.find(step.key)
        assert isinstance(step.request, self.request)
        crash.point("worker.before_call")
        answer = await self.call(step.request)
        crash.point("worker.after_call")
        return answer

    def decide(self, answer: Answer) -> Decide:
        return lambda case: self.answered(case, answer)


async def perform(row: LeasedRow, *, desk: Desk, provider: Provider, slots: Slots) -> None:
    """What the worker runs for each row. No transaction is open during a call.

    Raises only what the database raises; the row is then taken up again and asks first.
    """
    if row.kind == "charge":
        await _perform(row, _charges(provider), desk, slots)
    else:
        await _perform(row, _refunds(provider), desk, slots)


async def _perform(
    row: LeasedRow, operation: _Operation[Request, Answer], desk: Desk, slots: Slots
) -> None:
    begun: Request | None = row.begun
    step = Call(begun) if begun is not None else await desk.record(row, operation.take_up)
    while isinstance(step, Call | Ask):
        try:
            async with slots.take():
                answer = await operation.answer_to(step)
        except NoSlot:
            await desk.record(row, partial(_put_back, step=step))
            return
        metrics.count_answer(row.kind, answer)
        step = await desk.record(row, operation.decide(answer), operation.lease_lost)


def _charges(provider: Provider) -> _Operation[Charge, ChargeAnswer]:
    return _Operation(
        request=Charge,
        call=provider.charge,
        find=provider.find_charge,
        take_up=charging.take_up,
        answered=charging.answered,
        lease_lost=charging.lease_lost,
    )


def _refunds(provider: Provider) -> _Operation[Refund, RefundAnswer]:
    return _Operation(
        request=Refund,
        call=provider.refund,
        find=provider.find_refund,
        take_up=refunding.take_up,
        answered=refunding.answered,
        lease_lost=nothing,
    )


def _put_back(case: Case, step: Call | Ask) -> Step:
    """No slot came free in time -> the row waits again, and nobody has heard of a call."""
    if case.attempt.state != "open":
        return Done()
    if isinstance(step, Call):
        case.work.keep(case.payment, not_called(case.attempt))
    return Later(case.now, "no-slot")
