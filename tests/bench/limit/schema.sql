-- The tables of one order's work and nothing else: what a database does at best.
CREATE TABLE orders (
    id bigint PRIMARY KEY, customer_id int NOT NULL, total int NOT NULL, status text NOT NULL,
    placed_at timestamptz NOT NULL, confirmed_at timestamptz);
CREATE TABLE order_lines (
    order_id bigint, line int, sku int, qty int, price int, PRIMARY KEY (order_id, line));
CREATE TABLE payments (
    order_id bigint PRIMARY KEY, amount int NOT NULL, status text NOT NULL,
    reference text NOT NULL, at timestamptz DEFAULT now());
CREATE TABLE stock (
    sku int PRIMARY KEY, on_hand int NOT NULL, reserved int NOT NULL,
    CHECK (reserved BETWEEN 0 AND on_hand)) WITH (fillfactor = 20);
CREATE TABLE reservations (order_id bigint, sku int, qty int, PRIMARY KEY (order_id, sku));
CREATE TABLE notifications (
    order_id bigint PRIMARY KEY, kind text NOT NULL, at timestamptz DEFAULT now());
