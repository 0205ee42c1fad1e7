"""``python -m orders``: run the orders service."""

from shared.running import run

from orders.app import build
from orders.settings import OrdersSettings

if __name__ == "__main__":
    run(OrdersSettings, build)
