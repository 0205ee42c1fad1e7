"""What became of every row and invoice: counted here, told line by line in a file."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from local_runtime.retail.countries import code_of
from local_runtime.retail.fates import Fate
from local_runtime.retail.lines import LeftOut
from local_runtime.retail.orders import SaleOrder
from local_runtime.retail.plan import NoGoods, Planned, Unplaceable
from local_runtime.retail.returns import Return
from local_runtime.retail.rows import BadRow

KINDS = {
    LeftOut: "line-left-out",
    BadRow: "bad-row",
    NoGoods: "invoice-without-goods",
    Unplaceable: "invoice-not-placed",
    Return: "return-to-come",
}
SHOWN = frozenset(KINDS.values()) | {"order-not-as-told"}


@dataclass
class Account:
    """``file`` gets one JSON document a line; amounts are in pence, units by SKU."""

    file: TextIO
    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    returns: Counter[str] = field(default_factory=Counter)
    unknown_countries: set[str] = field(default_factory=set)
    problems: Counter[str] = field(default_factory=Counter)
    kept_minor: dict[str, int] = field(default_factory=dict)
    received: Counter[str] = field(default_factory=Counter)
    sold: Counter[str] = field(default_factory=Counter)

    def note(self, planned: Planned) -> None:
        """Something that becomes no order; those are told by ``decided``."""
        self.counts[KINDS[type(planned)]] += 1
        match planned:
            case LeftOut(reason=reason):
                self.reasons[reason.value] += 1
            case Unplaceable(reason=reason, clean=True):
                self.problems[reason] += 1
            case Return():
                self._add_return(planned)
            case _:
                pass
        self._tell(KINDS[type(planned)], asdict(planned))

    def stocked(self, order: SaleOrder) -> None:
        """Its goods were received."""
        self.received.update(order.units)

    def decided(self, order: SaleOrder, fate: Fate) -> None:
        """What became of an order."""
        self.outcomes[fate.status] += 1
        self.counts["order"] += 1
        self.counts["order-line"] += order.lines
        self.counts["unit"] += sum(order.units.values())
        self.counts["total-minor"] += order.total_minor
        if code_of(country := order.body["metadata"]["country_name"]) is None:
            self.unknown_countries.add(country)
        if fate.is_sold:
            self.sold.update(order.units)
        if fate.order_id is not None:
            self.kept_minor[fate.order_id] = order.total_minor if fate.is_sold else 0
        if fate.problem is not None:
            self.problems[fate.problem] += 1
        self._tell("order" if fate.problem is None else "order-not-as-told", _told(order, fate))

    def _add_return(self, planned: Return) -> None:
        for name in ("matched_quantity", "matched_minor", "unmatched_quantity", "unmatched_minor"):
            self.returns[name] += getattr(planned, name)

    def _tell(self, kind: str, content: dict[str, Any]) -> None:
        self.file.write(json.dumps({"kind": kind, **content}, ensure_ascii=False) + "\n")


def listed(file: Path) -> Iterator[dict[str, Any]]:
    """Everything of an account's file but the orders that are as told."""
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            if document["kind"] in SHOWN:
                yield document


def _told(order: SaleOrder, fate: Fate) -> dict[str, Any]:
    return {
        "invoice": order.invoice,
        "client_reference": order.reference,
        "lines": order.lines,
        "total_minor": order.total_minor,
        **asdict(fate),
    }
