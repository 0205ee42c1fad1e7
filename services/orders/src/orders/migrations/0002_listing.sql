-- What orders are listed by, each with the order's id: a page is one range of an index.

-- The API's one word for an order; the store's queries use the same expression.
CREATE INDEX IF NOT EXISTS orders_summary ON orders ((
    CASE WHEN status IN ('confirmed', 'completed')
        AND fulfilment IN ('partially_shipped', 'shipped', 'delivered')
    THEN fulfilment ELSE status END
), order_id);
CREATE INDEX IF NOT EXISTS order_details_customer ON order_details (customer_id, order_id)
    WHERE customer_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS order_details_channel ON order_details (channel, order_id);
