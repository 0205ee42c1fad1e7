"""The topics, one owner each. Partition counts and retention are in deploy/kafka/topics.toml."""

STOREFRONT_ORDERS = "storefront.orders.v1"
ORDERS = "orders.events.v1"
PAYMENTS = "payments.events.v1"
INVENTORY = "inventory.events.v1"
FULFILMENT = "fulfilment.events.v1"


def dead_letters(service: str) -> str:
    """Where ``service`` sends a copy of what it could not process."""
    return f"{service}.dead-letters.v1"
