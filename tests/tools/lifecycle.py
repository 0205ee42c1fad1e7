"""The order's table of transitions, told by walking it: every state reached, every fact tried."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from orders.domain.lifecycle import RULES, advance
from orders.domain.order import Fulfilment, Order, Payment, Status, Stock
from orders.domain.steps import CancelRequested, IllegalTransition, Refused
from shared.contracts.event import Event

from tests.contract.stored import sample
from tests.tools.blocks import table as markdown

# Members that decide where a fact leads: each value is tried.
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "PaymentCaptured": [{"late": False}, {"late": True}],
    "PaymentDeclined": [{"reason": "declined"}, {"reason": "deadline-passed"}],
    "PaymentRefunded": [{"refunded_minor": 3564}, {"refunded_minor": 1}],
    "StockRejected": [{"reason": "out-of-stock"}, {"reason": "deadline-passed"}],
    "ShipmentDispatched": [{"complete": True}, {"complete": False}],
    "ShipmentDelivered": [{"complete": True}, {"complete": False}],
}
PLACED_AT = datetime(2026, 11, 2, 8, 26, tzinfo=UTC)


class Outcome(NamedTuple):
    """Where a fact may lead: the status after it, and what is told."""

    status: str
    events: tuple[str, ...]


Row = tuple[Status, type[Any]]


def chart() -> str:
    """A mermaid state chart of ``status``, from every step that changes it."""
    arrows: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (status, fact), outcomes in walk().rows.items():
        for outcome in outcomes:
            if outcome.status in set(Status) - {status}:
                arrows[status, outcome.status].add(fact.__name__)
    lines = ["[*] --> pending: placed"]
    order = [one.value for one in Status]
    for (start, end), facts in sorted(
        arrows.items(), key=lambda one: [order.index(state) for state in one[0]]
    ):
        lines.append(f"{start} --> {end}: {' or '.join(sorted(facts))}")
    ends = {one.value for one in Status} - {start for start, _ in arrows}
    lines += [f"{one} --> [*]" for one in order if one in ends]
    return "```mermaid\nstateDiagram-v2\n    " + "\n    ".join(lines) + "\n```"


def table() -> str:
    """Every row: status, fact, the rule that takes it, and where it may lead."""
    rows = [
        (status.value, f"`{fact.__name__}`", _rule(status, fact), "; ".join(_leads(status, fact)))
        for status in Status
        for fact in sorted(RULES[status], key=lambda one: one.__name__)
    ]
    return markdown(("status", "fact", "rule", "may lead to"), rows)


def _rule(status: Status, fact: type[Any]) -> str:
    return f"`{getattr(RULES[status][fact], '__name__', 'rule')}`"


def _leads(status: Status, fact: type[Any]) -> Iterator[str]:
    ordered = sorted(walk().rows[status, fact], key=lambda one: (one.status != status, one))
    for outcome in ordered:
        told = f", tells {' and '.join(f'`{one}`' for one in outcome.events)}"
        stays = "stays" if outcome.status == status else outcome.status
        yield stays + (told if outcome.events else "")


class Walk(NamedTuple):
    """Every state that can be reached, and for each row of the table where it led."""

    orders: frozenset[Order]
    rows: dict[Row, set[Outcome]]


@cache
def walk() -> Walk:
    """From a placed order, facts in any order: more than can happen, and nothing less."""
    rows: dict[Row, set[Outcome]] = {
        (status, fact): set() for status in Status for fact in RULES[status]
    }
    seen: set[Order] = set()
    todo = [placed()]
    while todo:
        order = todo.pop()
        if order not in seen:
            seen.add(order)
            todo += _steps(order, rows)
    return Walk(frozenset(seen), rows)


def _steps(order: Order, rows: dict[Row, set[Outcome]]) -> Iterator[Order]:
    """Where each fact leads from ``order``; what has no row leads nowhere."""
    for fact in facts():
        row = (Status(order.status), type(fact))
        try:
            result = advance(order, fact)
        except IllegalTransition:
            continue
        except ValueError as error:
            rows[row].add(Outcome(f"fails with {type(error).__name__}", ()))
            continue
        if isinstance(result, Refused):
            rows[row].add(Outcome("refused", ()))
            continue
        told = tuple(type(event).__name__ for event in result.events)
        rows[row].add(Outcome(str(result.order.status), told))
        yield _same_when_alike(result.order)


def _same_when_alike(order: Order) -> Order:
    """Versions grow for ever and reasons come in any order; neither makes another state."""
    return replace(
        order, version=1, reasons=",".join(sorted(filter(None, order.reasons.split(","))))
    )


def facts() -> list[Any]:
    """An example of every fact that has a row, in each variant that matters."""
    kinds = dict.fromkeys(fact for rules in RULES.values() for fact in rules)
    return [example for kind in kinds for example in _examples(kind)]


def _examples(kind: type[Any]) -> Iterator[Any]:
    if not issubclass(kind, Event):
        yield kind("customer") if kind is CancelRequested else kind()
        return
    for variant in VARIANTS.get(kind.__name__, [{}]):
        yield kind.model_validate({**sample(kind.type), **variant})


def placed() -> Order:
    return Order(
        order_id="ord_1",
        tenant="default",
        client_reference="web-536365",
        status=Status.PENDING,
        payment=Payment.PENDING,
        stock=Stock.PENDING,
        fulfilment=Fulfilment.NONE,
        reasons="",
        cancel_reason="",
        currency="GBP",
        total_minor=3564,
        version=1,
        placed_at=PLACED_AT,
        deadline_at=PLACED_AT + timedelta(seconds=900),
    )
