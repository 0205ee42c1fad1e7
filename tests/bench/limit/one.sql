\set n :n + 1
\set id (:client_id + 1) * 100000000 + :n
\set a random(1, 500)
\set b random(501, 1000)
\set q random(1, 3)
\startpipeline
BEGIN;
WITH o AS (INSERT INTO orders (id, customer_id, total, status, placed_at) VALUES (:id, :a, :b, 'placed', clock_timestamp()) RETURNING id) INSERT INTO order_lines SELECT o.id, u.line, u.sku, u.qty, 500 FROM o, (VALUES (1, :a::int, :q::int), (2, :b::int, :q::int)) u (line, sku, qty);
INSERT INTO payments (order_id, amount, status, reference) VALUES (:id, :b, 'captured', 'ref-' || :id) ON CONFLICT DO NOTHING;
INSERT INTO notifications (order_id, kind) VALUES (:id, 'order-received') ON CONFLICT DO NOTHING;
WITH i AS (INSERT INTO reservations VALUES (:id, :a, :q), (:id, :b, :q) ON CONFLICT DO NOTHING RETURNING sku, qty), l AS (SELECT s.sku, i.qty FROM stock s JOIN i USING (sku) ORDER BY s.sku FOR UPDATE OF s) UPDATE stock s SET reserved = s.reserved + l.qty FROM l WHERE s.sku = l.sku;
UPDATE orders SET status = 'confirmed', confirmed_at = clock_timestamp() WHERE id = :id AND status = 'placed';
COMMIT;
\endpipeline
