"""Actions: each is one call to the owning service with the operator's name, and is written down."""

import asyncio
from secrets import token_hex
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from shared.contracts.storefront import Storable
from shared.http.problem import Problem
from shared.service import Running

from console import audit, jobs
from console.backends import NOWHERE, UNREACHED, Answer, Backends
from console.board import Board
from console.jobs import JOBS_MAX, Job

NEEDS_A_REASON = {
    "discard": "Say why: a discarded record is gone for good.",
    "release": "Say who told you: a partner's answer cannot be taken back.",
}
UNKNOWN = "No answer came: whether it was done is not known. Look again before you repeat it."


class Act(BaseModel):
    """A button's form. ``reason`` is needed to discard and to release, and kept with the rest;
    ``answer`` is the partner's, of a release.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    action: Literal["dry-run", "redrive", "discard", "retry", "cancel", "release", "resend"]
    service: Literal["orders", "payments", "inventory", "notifications"]
    target: str = Field(min_length=1, max_length=128, pattern=r"^[\w.:@-]+$")
    order_id: Annotated[str, Storable] = Field("", max_length=128)
    reason: Annotated[str, Storable] = Field("", max_length=500)
    answer: Literal["", "accepted", "refused"] = ""


class Group(BaseModel):
    """What a redrive of many takes: all that ``service`` has parked for ``reason``, or of these
    only what is of the event ``type``, or ``untyped``: a form cannot send an empty text.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    service: Literal["orders", "payments", "inventory", "notifications"]
    reason: Annotated[str, Storable] = Field(min_length=1, max_length=200)
    type: Annotated[str, Storable] | None = Field(None, max_length=512)
    untyped: bool = False
    dry_run: bool = False

    @property
    def event_type(self) -> str | None:
        """As the service is asked for it; None for every event's."""
        return "" if self.untyped else self.type


async def act(running: Running, backends: Backends, operator: str, asked: Act) -> dict[str, Any]:
    """Write it down, do it, and tell what the service said."""
    if asked.action in NEEDS_A_REASON and not asked.reason:
        raise Problem(422, "reason-needed", NEEDS_A_REASON[asked.action])
    if (asked.action == "release") != bool(asked.answer):
        raise Problem(422, "answer-needed", "A release, and nothing else, has a partner's answer.")
    reason = ": ".join(filter(None, (asked.answer, asked.reason)))
    known = (asked.service, asked.target, asked.order_id or None, reason or None)
    entry_id = await audit.begin(running, audit.Entry(operator, asked.action, *known))
    path, body = _call(asked)
    answer = await backends.post(asked.service, path, operator, body)
    says = told(asked, answer)
    await audit.end(running, entry_id, answer.status, says)
    return {"ok": answer.ok, "says": says, "action": asked.action, "answer": answer.body}


def _call(asked: Act) -> tuple[str, dict[str, Any] | None]:
    target = quote(asked.target, safe="")
    match asked.action:
        case "dry-run":
            return f"/ops/dead-letters/{target}/redrive?dry_run=true", None
        case "redrive":
            return f"/ops/dead-letters/{target}/redrive", None
        case "discard":
            return f"/ops/dead-letters/{target}/discard", {"reason": asked.reason}
        case "retry":
            return f"/ops/work/{target}/retry", None
        case "cancel":
            return f"/v1/orders/{target}/cancel", {"reason": asked.reason or "operator"}
        case "release":
            # The reason is for us; what inventory is given as one is told to the customer.
            return f"/v1/fulfilment-orders/{target}/cancellation", {"answer": asked.answer}
        case "resend":
            return f"/v1/messages/{target}/resend", None


def told(asked: Act, answer: Answer) -> str:
    """One sentence for people."""
    if not answer.ok:
        return not_done(asked.service, answer)
    match asked.action:
        case "dry-run":
            return f"Nothing was changed. A redrive would run {_ran(answer)}"
        case "redrive":
            return f"Ran {_ran(answer)}"
        case "discard":
            return f"Discarded. What waited behind it ran: {_ran(answer)}"
        case "retry":
            return "It is due now and taken up at once, or as soon as there is room for a call."
        case "cancel":
            return f"The order is {answer.body.get('status', 'being cancelled')}."
        case "release" if asked.answer == "accepted":
            return "The partner keeps it back: the order is being cancelled."
        case "release":
            return "The partner sends it: the order goes on."
        case "resend":
            return "It is queued once more, behind the order's other mails."


def not_done(service: str, answer: Answer) -> str:
    """Why it was not done, or that nobody knows."""
    if answer in (UNREACHED, NOWHERE):
        return f"{service} {answer.detail}; nothing was done."
    return UNKNOWN if answer.status is None else f"{service} refused: {answer.detail}"


def _ran(answer: Answer) -> str:
    done, left, failed = (answer.body.get(name) for name in ("done", "left", "failed"))
    events = f"{done} event{'' if done == 1 else 's'}"
    if failed:
        return f"{events} and stop at the next: {failed}; {left} would wait on."
    return f"{events} to the end." if not left else f"{events}; {left} are left, run it again."


async def redrive_group(
    running: Running, backends: Backends, board: Board, operator: str, asked: Group
) -> Job:
    """Begin to redrive all of a group, in the background of this process."""
    async with running.pool.acquire() as db:
        now = await running.clock.now(db)
    if any(one.state == "running" and one.service == asked.service for one in board.jobs.values()):
        raise Problem(409, "under-way", f"A group of {asked.service} is being redriven already.")
    group = (asked.service, asked.reason, operator, asked.dry_run, now, asked.event_type)
    job = Job(token_hex(4), *group)
    _make_room(board)
    # At once, so that of two who press together one is refused.
    board.jobs[job.id] = job
    try:
        entry_id = await audit.begin(running, _entry(operator, asked))
    except BaseException:
        del board.jobs[job.id]
        raise
    task = asyncio.create_task(_run(running, backends, board, job, entry_id))
    board.tasks.add(task)
    task.add_done_callback(board.tasks.discard)
    return job


def _make_room(board: Board) -> None:
    """The oldest that are over go; of each service one runs at most."""
    ended = [one.id for one in board.jobs.values() if one.state != "running"]
    for job_id in ended[: max(0, len(board.jobs) + 1 - JOBS_MAX)]:
        del board.jobs[job_id]


def _entry(operator: str, asked: Group) -> audit.Entry:
    verb = "dry-run" if asked.dry_run else "redrive"
    kind = asked.event_type
    event = "" if kind is None else f", {kind or 'without a type'}"
    return audit.Entry(operator, f"{verb} group", asked.service, f"all of {asked.reason}{event}")


async def _run(running: Running, backends: Backends, board: Board, job: Job, entry_id: int) -> None:
    await jobs.run(job, backends)
    unfinished = f", {job.unfinished} not through" if job.unfinished else ""
    counts = f"{job.done} of {job.total} keys, {job.events} events, {job.failed} failed"
    await audit.end(running, entry_id, None, f"{counts}{unfinished}: {job.state}")
    board.streams.stir()
