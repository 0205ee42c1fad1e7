"""What inventory promises at all times, as queries that give no rows."""

from shared.service import Invariant

INVARIANTS = (
    Invariant(
        "no-unit-sold-twice",
        "At no place is more reserved than is on hand.",
        "SELECT sku || ' at ' || location FROM stock WHERE reserved NOT BETWEEN 0 AND on_hand",
    ),
    Invariant(
        "reserved-is-held",
        "What a place has reserved is what orders hold there.",
        "SELECT sku || ' at ' || location FROM stock s FULL JOIN ("
        "SELECT sku, location, sum(quantity - shipped - released) AS held "
        "FROM holds GROUP BY sku, location) h USING (sku, location) "
        "WHERE s.reserved IS DISTINCT FROM coalesce(h.held, 0)",
    ),
    Invariant(
        "movements-explain-stock",
        "Units on hand and reserved are the sum of their movements.",
        "SELECT sku || ' at ' || location FROM stock s FULL JOIN ("
        "SELECT sku, location, "
        "sum(CASE kind WHEN 'received' THEN quantity WHEN 'adjusted' THEN quantity "
        "WHEN 'shipped' THEN -quantity ELSE 0 END) AS on_hand, "
        "sum(CASE kind WHEN 'held' THEN quantity WHEN 'released' THEN -quantity "
        "WHEN 'shipped' THEN -quantity ELSE 0 END) AS reserved "
        "FROM stock_movements GROUP BY sku, location) m USING (sku, location) "
        "WHERE s.on_hand IS DISTINCT FROM coalesce(m.on_hand, 0) "
        "OR s.reserved IS DISTINCT FROM coalesce(m.reserved, 0)",
    ),
    Invariant(
        "movements-are-append-only",
        "This service has no right to change or remove a movement of stock or a carrier's word.",
        "SELECT 'right to ' || kind || ' ' || name "
        "FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) kind, "
        "unnest(ARRAY['stock_movements', 'shipment_events']) name "
        "WHERE has_table_privilege(name, kind)",
    ),
    Invariant(
        "only-live-orders-hold",
        "An order that was rejected or has ended holds nothing.",
        "SELECT DISTINCT order_id FROM holds h LEFT JOIN order_holds o USING (order_id) "
        "WHERE h.quantity > h.shipped + h.released AND o.status IS DISTINCT FROM 'held'",
    ),
    Invariant(
        "shipped-is-dispatched",
        "Of each SKU an order's shipments contain what left its holds.",
        "SELECT order_id FROM ("
        "SELECT order_id, sku, sum(shipped) AS units FROM holds GROUP BY order_id, sku) h "
        "FULL JOIN (SELECT order_id, sku, sum(quantity) AS units "
        "FROM shipments JOIN shipment_lines USING (shipment_id) GROUP BY order_id, sku) s "
        "USING (order_id, sku) WHERE coalesce(h.units, 0) <> coalesce(s.units, 0)",
    ),
    Invariant(
        "fulfilment-says-what-left",
        "Open: nothing has left; partially shipped: some has; shipped or delivered: all has.",
        "SELECT order_id FROM order_holds JOIN ("
        "SELECT order_id, sum(shipped) AS sent, sum(quantity - shipped - released) AS held "
        "FROM holds GROUP BY order_id) h USING (order_id) "
        "WHERE CASE fulfilment_status WHEN 'open' THEN sent > 0 "
        "WHEN 'partially_shipped' THEN sent = 0 OR held = 0 "
        "WHEN 'shipped' THEN held > 0 WHEN 'delivered' THEN held > 0 ELSE false END",
    ),
    Invariant(
        "cancelled-sent-nothing",
        "Nothing was sent for a fulfilment order that was cancelled.",
        "SELECT DISTINCT order_id FROM order_holds JOIN holds USING (order_id) "
        "WHERE fulfilment_status = 'cancelled' AND shipped > 0",
    ),
)
