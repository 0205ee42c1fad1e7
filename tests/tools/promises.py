"""The table of everything that is promised: each service's own, all services', and between them."""

from local_runtime.audit import orders_and_holds, orders_and_money
from local_runtime.audit.book_and_ledger import BookAndLedger
from local_runtime.audit.comparison import Comparison
from local_runtime.audit.sequences import SequencesAndKafka
from shared.invariants.common import COMMON

from tests.support.wiring import SERVICES, service_of
from tests.tools.blocks import table as markdown

COMPARISONS: tuple[Comparison | type[Comparison], ...] = (
    orders_and_money.comparison("", ""),
    orders_and_holds.comparison("", ""),
    BookAndLedger("", ""),
    SequencesAndKafka,
)


def promises() -> list[tuple[str, str, str]]:
    """Who promises, the name, and the promise in plain words."""
    own = [
        (service, one.name, one.sentence)
        for service in SERVICES
        if (built := service_of(service)) is not None
        for one in built.invariants
    ]
    common = [("every service", one.name, one.sentence) for one in COMMON]
    between = [("audit", str(one.name), str(one.sentence)) for one in COMPARISONS]
    return [*own, *common, *between]


def table() -> str:
    """All of them, in the order in which they are checked."""
    rows = [(who, f"`{name}`", sentence) for who, name, sentence in promises()]
    return markdown(("whose", "name", "promise"), rows)
