"""The orders API: place, read, follow, cancel (see docs/ and /openapi.json)."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from shared.contracts.storefront import Submission
from shared.http.idempotency import KEYED, Answer, OnceTogether, needs_key
from shared.http.openapi import ENTITY_TAG, LOCATION
from shared.http.operators import NamedOperator, acted
from shared.http.preconditions import IF_MATCH, require_match, tag_of
from shared.http.problem import Problem, not_found, validation_failed
from shared.http.routes import JsonRoute, problems, takes
from shared.messaging.unit_of_work import Cause
from shared.observability import tracing
from shared.service import Running

from orders.admission import Admission
from orders.domain.placing import Invalid, check
from orders.domain.steps import CancelRequested, Refused, Step
from orders.reading import OrderId, found, reading_routes
from orders.settings import OrdersSettings
from orders.shapes import Cancellation, OrderView
from orders.views import as_order, view_of_new
from orders.waiting import Waiting
from orders.work import OrdersWork


def routes(
    running: Running, settings: OrdersSettings, waiting: Waiting, admission: Admission
) -> list[APIRouter]:
    """The public routes."""
    place_all = partial(_place_all, admission=admission)
    writing = APIRouter(prefix="/v1/orders", tags=["orders"], route_class=JsonRoute)
    _place(writing, running, place_all)
    _cancel(writing, running)
    return [writing, reading_routes(running, settings, waiting)]


def _place(router: APIRouter, running: Running, place_all: "_PlaceAll") -> None:
    together: OnceTogether[OrdersWork, _Placing] = OnceTogether(running.transactions, place_all)

    @router.post(
        "",
        status_code=201,
        response_model=OrderView,
        dependencies=[Depends(needs_key)],
        responses={201: {"headers": LOCATION}},
        openapi_extra=takes(Submission)
        | KEYED
        | problems(_409="order-exists", _422="price-mismatch"),
    )
    async def place_order(request: Request) -> Response:
        """Place an order, once for each Idempotency-Key; 201 means committed to disk."""
        submission = read_submission(await request.json())
        placing = _Placing(submission, tracing.current_traceparent())
        return await together.once(request, await request.body(), placing)


@dataclass(frozen=True, slots=True)
class _Placing:
    submission: Submission
    traceparent: str


_PlaceAll = Callable[[OrdersWork, Sequence[_Placing]], Awaitable[list[Answer | Problem]]]


async def _place_all(
    work: OrdersWork, placings: Sequence[_Placing], *, admission: Admission
) -> list[Answer | Problem]:
    """Each reference names one order for ever; of two requests for one the first places it."""
    work.causes = {
        one.submission.client_reference: Cause(one.traceparent) for one in reversed(placings)
    }
    await work.claim_references([one.submission for one in placings])
    return [_placed(work, one.submission, admission) for one in placings]


def _placed(work: OrdersWork, submission: Submission, admission: Admission) -> Answer | Problem:
    reference = work.references[submission.client_reference]
    if not reference.mine:
        return order_exists(reference.order_id)
    order = admission.place(work, submission)
    document = json.dumps(view_of_new(order, submission), ensure_ascii=False)
    return Answer(201, document.encode(), f"/v1/orders/{order.order_id}")


def _cancel(router: APIRouter, running: Running) -> None:
    @router.post(
        "/{order_id}/cancel",
        status_code=202,
        response_model=OrderView,
        responses={202: {"headers": ENTITY_TAG}},
        openapi_extra=takes(Cancellation, required=False)
        | IF_MATCH
        | problems(_404="not-found", _409="illegal-transition", _412="precondition-failed"),
    )
    async def cancel_order(
        order_id: OrderId, request: Request, operator: NamedOperator = None
    ) -> Response:
        """Cancel at once while pending; once confirmed, ask whether goods were dispatched.

        With ``If-Match``, only the version that was read is cancelled.
        """
        asked = read_cancellation(await request.json() if await request.body() else {})
        async with running.transactions.answering(tracing.current_traceparent()) as work:
            await work.lock_orders([order_id])
            if order_id not in work.rows:
                raise not_found("There is no such order.")
            require_match(request, tag_of(work.rows[order_id].version))
            refuse_illegal(work.advance(order_id, CancelRequested(asked.reason), "cancel"))
            status = work.rows[order_id].status
        acted("order-cancelled", operator, order_id=order_id, status=status)
        async with running.pool.acquire() as db:
            return as_order(await found(db, order_id), status=202)


def read_submission(document: object) -> Submission:
    """Raises ``Problem`` 422 with a pointer to each field."""
    match check(document):
        case Invalid(reason, errors):
            raise Problem(
                422,
                reason,
                "The order cannot be placed as it is.",
                errors=[one.model_dump() for one in errors],
            )
        case Submission() as submission:
            return submission


def read_cancellation(document: object) -> Cancellation:
    """Raises ``Problem`` 422 with a pointer to each field."""
    try:
        return Cancellation.model_validate(document)
    except ValidationError as error:
        raise validation_failed(error) from None


def refuse_illegal(result: Step | Refused) -> None:
    """Raises ``Problem`` 409 with where the order stands."""
    match result:
        case Refused(status):
            raise Problem(
                409, "illegal-transition", f"The order is {status}.", current_status=status
            )
        case Step():
            pass


def order_exists(order_id: str) -> Problem:
    link = f"/v1/orders/{order_id}"
    return Problem(
        409,
        "order-exists",
        "Another request has placed an order under this client_reference.",
        headers={"Link": f'<{link}>; rel="related"'},
        order_id=order_id,
    )
