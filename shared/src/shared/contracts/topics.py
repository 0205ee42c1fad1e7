"""The topics, one owner each. Partition counts and retention are in deploy/kafka/topics.toml."""

STOREFRONT_ORDERS = "storefront.orders.v1"
ORDERS = "orders.events.v1"
PAYMENTS = "payments.events.v1"
INVENTORY = "inventory.events.v1"
FULFILMENT = "fulfilment.events.v1"

# As in deploy/kafka/topics.toml, where a test reads the same; partners read the last one too.
RETENTION_DAYS = {STOREFRONT_ORDERS: 14, ORDERS: 14, PAYMENTS: 14, INVENTORY: 14, FULFILMENT: 90}


def dead_letters(service: str) -> str:
    """Where ``service`` sends a copy of what it could not process."""
    return f"{service}.dead-letters.v1"
