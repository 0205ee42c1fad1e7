"""Inventory's wiring: which events it hears, and how it is told what to do."""

import pytest
from inventory.app import HANDLERS, build
from inventory.settings import InventorySettings
from shared.contracts import inventory, orders, topics


def test_inventory_hears_orders_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERPROOF_ENVIRONMENT", "local")
    monkeypatch.setenv("INVENTORY_DATABASE_URL", "postgresql://inventory@127.0.0.1/inventory")
    monkeypatch.setenv("INVENTORY_KAFKA_BOOTSTRAP", "127.0.0.1:9092")
    monkeypatch.setenv("INVENTORY_INSTANCE_NAME", "inventory-0")

    service = build(InventorySettings())

    assert [(group.name, group.topics) for group in service.groups] == [
        ("inventory", (topics.ORDERS,))
    ]
    assert {event.topic for event in HANDLERS} == {topics.ORDERS}
    assert service.publishes == inventory.EVENTS


def test_every_way_an_order_can_end_releases_its_stock() -> None:
    endings = (orders.OrderRejected, orders.OrderExpired, orders.OrderCancelled)

    assert {HANDLERS[ending].__name__ for ending in endings} == {"release_stock"}
