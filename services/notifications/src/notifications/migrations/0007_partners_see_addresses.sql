-- Whom an operator has granted shipping addresses; nobody else is told any.
ALTER TABLE partners ADD COLUMN sees_addresses boolean NOT NULL DEFAULT false;

-- Disclosures of an order's address that wait until its OrderPlaced has told it; without data.
ALTER TABLE order_messages ADD COLUMN undisclosed jsonb NOT NULL DEFAULT '[]';
