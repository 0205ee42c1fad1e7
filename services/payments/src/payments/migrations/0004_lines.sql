-- What an order's price is made of, and which units a refund gives back the price of.

CREATE TABLE payment_lines (
    order_id         text COLLATE "C" NOT NULL,
    line_number      integer NOT NULL,
    sku              text NOT NULL,
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_minor bigint NOT NULL CHECK (unit_price_minor >= 0),
    PRIMARY KEY (order_id, line_number)
);

CREATE TABLE refunded_lines (
    order_id      text COLLATE "C" NOT NULL,
    refund_number integer NOT NULL,
    line_number   integer NOT NULL,
    quantity      integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (order_id, refund_number, line_number)
);
