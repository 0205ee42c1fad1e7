"""Cells of the table: each row of the orders' table after each fault, less what cannot be."""

from typing import TypeAlias

from orders.domain.lifecycle import RULES

from tests.simulation.faults import FAULTS
from tests.simulation.impossible import impossible

Row: TypeAlias = tuple[str, str]
"""A status of an order, and the fact that meets it."""

ROWS: tuple[Row, ...] = tuple(
    (str(status), fact.__name__) for status, facts in RULES.items() for fact in facts
)
CELLS: tuple[tuple[Row, str], ...] = tuple(
    (row, fault) for row in ROWS for fault in FAULTS if not impossible(row, fault)
)


def cell_of(seed: int) -> tuple[Row, str]:
    """The cell that the seed's drill is about: seeds in a row go through all of them."""
    return CELLS[seed % len(CELLS)]
