"""The SQL of orders' lines and of the refunds of some of them."""

from collections.abc import Sequence

from shared.database import Db
from shared.database.writes import Writer

from payments.domain.lines import Line, Units

_ADD_LINES = """
INSERT INTO payment_lines (order_id, line_number, sku, quantity, unit_price_minor)
SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::bigint[])
"""
_ADD_REFUNDED = """
INSERT INTO refunded_lines (order_id, refund_number, line_number, quantity)
SELECT $1, $2, u.line_number, u.quantity
FROM unnest($3::integer[], $4::integer[]) u(line_number, quantity)
"""
# A refund that the provider has not made gives its units free again.
_LINES = """
SELECT l.line_number, l.sku, l.quantity, l.unit_price_minor, coalesce(r.refunded, 0) AS refunded
FROM payment_lines l LEFT JOIN (
    SELECT r.line_number, sum(r.quantity)::integer AS refunded
    FROM refunded_lines r JOIN payment_attempts a
        ON a.order_id = r.order_id AND a.operation = 'refund' AND a.number = r.refund_number
    WHERE r.order_id = $1 AND a.state NOT IN ('refused', 'not_made')
    GROUP BY r.line_number
) r USING (line_number)
WHERE l.order_id = $1 ORDER BY l.line_number
"""


async def add_lines(db: Writer, lines: Sequence[tuple[str, Line]]) -> None:
    await db.execute(
        _ADD_LINES,
        [order_id for order_id, _ in lines],
        [line.number for _, line in lines],
        [line.sku for _, line in lines],
        [line.quantity for _, line in lines],
        [line.unit_price_minor for _, line in lines],
    )


async def add_refunded(db: Db, order_id: str, refund_number: int, units: Sequence[Units]) -> None:
    numbers, quantities = [one.line_number for one in units], [one.quantity for one in units]
    await db.execute(_ADD_REFUNDED, order_id, refund_number, numbers, quantities)


async def lines_of(db: Db, order_id: str) -> list[Line]:
    """Stable while the order's row is locked."""
    return [
        Line(
            number=one["line_number"],
            sku=one["sku"],
            quantity=one["quantity"],
            unit_price_minor=one["unit_price_minor"],
            refunded=one["refunded"],
        )
        for one in await db.fetch(_LINES, order_id)
    ]
