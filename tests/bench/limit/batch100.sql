\set n :n + 1
\set id (:client_id + 1) * 100000000 + :n * 100
\startpipeline
BEGIN;
INSERT INTO orders (id, customer_id, total, status, placed_at) SELECT :id + g, g, 500, 'placed', clock_timestamp() FROM generate_series(0, 99) g;
INSERT INTO order_lines SELECT :id + g, l, 1 + (hashint8(:id + g + l) & 511) + 488 * (l - 1), 1, 500 FROM generate_series(0, 99) g, generate_series(1, 2) l;
INSERT INTO payments (order_id, amount, status, reference) SELECT :id + g, 500, 'captured', 'ref-' || (:id + g) FROM generate_series(0, 99) g ON CONFLICT DO NOTHING;
INSERT INTO notifications (order_id, kind) SELECT :id + g, 'order-received' FROM generate_series(0, 99) g ON CONFLICT DO NOTHING;
WITH i AS (INSERT INTO reservations SELECT order_id, sku, sum(qty) FROM order_lines WHERE order_id BETWEEN :id AND :id + 99 GROUP BY 1, 2 ON CONFLICT DO NOTHING RETURNING sku, qty), t AS (SELECT sku, sum(qty) q FROM i GROUP BY sku), l AS (SELECT s.sku, t.q FROM stock s JOIN t USING (sku) ORDER BY s.sku FOR UPDATE OF s) UPDATE stock s SET reserved = s.reserved + l.q FROM l WHERE s.sku = l.sku;
UPDATE orders SET status = 'confirmed', confirmed_at = clock_timestamp() WHERE id BETWEEN :id AND :id + 99 AND status = 'placed';
COMMIT;
\endpipeline
