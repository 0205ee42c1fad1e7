-- Whose goods an order is about: {sku: seller}, of the SKUs that are not the shop's own.
ALTER TABLE order_holds ADD COLUMN sellers jsonb NOT NULL DEFAULT '{}';
