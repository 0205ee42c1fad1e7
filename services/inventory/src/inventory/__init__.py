"""Stock, holds, fulfilment orders and shipments."""
