"""An act by hand is told in its service's log, with the name of who did it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from console.pages.actions import Act, _call
from inventory import partners
from orders import api as orders_api
from orders.domain.steps import Step
from shared.http.operators import acted
from shared.messaging import redrive as parked
from shared.messaging.redrive import Redriven
from structlog.testing import capture_logs

from shared import backlog
from tests.support.in_process import app_of, client_of

NAMED = {"X-Operator": "anna"}
PLACE = {"consumer": "orders", "key": b"ord_1", "topic": "payments.events.v1"}
ROW = {"order_id": "ord_1", "kind": "charge", "done": False, "lease_token": None}
LETTER = {"parked_id": 3, "key": "ord_1", "done": 1, "left": 0, "failed": None}
CASES = [
    (
        *("orders", "/ops/work/7/retry", None),
        {"event": "work-retried", "work_id": 7, "order_id": "ord_1"},
    ),
    (
        *("orders", "/ops/dead-letters/3/redrive", None),
        {"event": "dead-letter-redriven", **LETTER},
    ),
    (
        *("orders", "/ops/dead-letters/3/redrive?dry_run=true", None),
        {"event": "dead-letter-tried", **LETTER},
    ),
    (
        *("orders", "/ops/dead-letters/3/discard", {"reason": "Anna Smith said so"}),
        {"event": "dead-letter-discarded", **LETTER},
    ),
    (
        *("orders", "/v1/orders/ord_1/cancel", {"reason": "Anna Smith said so"}),
        {"event": "order-cancelled", "order_id": "ord_1", "status": "cancelled"},
    ),
    (
        *("inventory", "/v1/fulfilment-orders/ffo_1/cancellation", {"answer": "accepted"}),
        {
            "event": "cancellation-answered",
            "fulfilment_order_id": "ffo_1",
            "order_id": "ord_1",
            "answer": "accepted",
        },
    ),
]


class Work:
    """A unit of work in which everything that is asked for is done."""

    def __init__(self) -> None:
        self.rows: Any = {"ord_1": SimpleNamespace(version=1, status="cancelled")}

    async def lock_orders(self, _: Any) -> None:
        pass

    def advance(self, *_: Any) -> Step:
        return Step(self.rows["ord_1"])


@asynccontextmanager
async def nothing(*_: Any, **__: Any) -> AsyncIterator[Any]:
    yield Work()


@pytest.fixture(autouse=True)
def done(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database would be asked for is there, and what is to be done is done."""

    def gives(answer: Any) -> Any:
        async def given(*_: Any, **__: Any) -> Any:
            return answer

        return given

    view = SimpleNamespace(order_id="ord_1")
    for module, name, answer in (
        (parked, "find", PLACE),
        (parked, "redrive", Redriven(1, 0)),
        (parked, "discard", Redriven(1, 0)),
        (backlog, "make_due", ROW),
        (orders_api, "found", {"version": 2}),
        (partners, "answer_cancellation", view),
    ):
        monkeypatch.setattr(module, name, gives(answer))


async def told(service: str, path: str, body: Any, headers: dict[str, str]) -> list[Any]:
    """What the service wrote into its log about an act."""
    app = app_of(service)
    running = app.state.running
    running.pool.acquire = running.transactions.begin = running.transactions.answering = nothing
    running.clock.now = lambda _: nowadays()
    async with client_of(app) as client:
        with capture_logs() as logs:
            await client.post(path, json=body, headers=headers)
    return [one for one in logs if one["log_level"] == "info"]


async def nowadays() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize(("service", "path", "body", "known"), CASES)
async def test_an_act_is_told_with_who_did_it_and_without_what_they_typed(
    service: str, path: str, body: Any, known: dict[str, Any]
) -> None:
    assert await told(service, path, body, NAMED) == [
        {**known, "operator": "anna", "log_level": "info"}
    ]


@pytest.mark.parametrize(("service", "path", "body", "known"), CASES[4:])
async def test_what_a_storefront_or_a_partner_does_is_no_operators_act(
    service: str, path: str, body: Any, known: dict[str, Any]
) -> None:
    assert await told(service, path, body, {}) == []


async def test_an_act_for_operators_only_is_told_without_a_name_too() -> None:
    [line] = await told(*CASES[0][:3], {})

    assert line["operator"] == "unnamed"


def test_nothing_is_told_of_nobody() -> None:
    with capture_logs() as logs:
        acted("order-cancelled", None, order_id="ord_1")

    assert logs == []


ACTIONS = get_args(Act.model_fields["action"].annotation)
OWNERS = {"cancel": ("orders",), "release": ("inventory",), "resend": ("notifications",)}
EVERY = ("orders", "payments", "inventory", "notifications")


@pytest.mark.parametrize(
    ("action", "service"),
    [(action, one) for action in ACTIONS for one in OWNERS.get(action, EVERY)],
)
def test_every_action_of_the_console_is_taken_with_the_operators_name(
    action: str, service: str
) -> None:
    path, _ = _call(Act(action=action, service=service, target="7"))
    assert operation_at(service, path.partition("?")[0])


def operation_at(service: str, path: str) -> bool:
    """Whether the service's route for a POST to ``path`` reads the operator's name."""
    wanted = path.split("/")
    for template, methods in app_of(service).openapi()["paths"].items():
        parts = template.split("/")
        if len(parts) == len(wanted) and all(
            part[:1] == "{" or part == one for part, one in zip(parts, wanted, strict=True)
        ):
            asked = methods.get("post", {}).get("parameters", [])
            return any(one["in"] == "header" and one["name"] == "X-Operator" for one in asked)
    return False
