"""What can go wrong behind everybody's back, done to a running stack, and undone."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple

import asyncpg

from tests.support.shop import Shop

LEDGER = "ledger_entries"
MOVEMENTS = "stock_movements"
FOREIGN_SHARD = 99  # Relays read sixteen; nobody ever reads this one.


class Damage(NamedTuple):
    """``plant`` damages something about an order; leaving it undoes that.

    ``audit`` names the promises and comparisons that the audit finds broken, ``metric`` the
    service and its own promise whose gauge shows it.
    """

    name: str
    plant: Callable[[Shop, str], AbstractAsyncContextManager[None]]
    audit: frozenset[str]
    metric: tuple[str, str] | None


@asynccontextmanager
async def database(shop: Shop, service: str) -> AsyncIterator[asyncpg.Connection]:
    db = await asyncpg.connect(shop.system.addresses.databases[service])
    try:
        yield db
    finally:
        await db.close()


async def with_right(db: asyncpg.Connection, table: str, statement: str, *values: Any) -> None:
    """As an owner can who gives itself for a moment the right it was denied."""
    async with db.transaction():
        await db.execute(f"GRANT UPDATE, DELETE ON {table} TO CURRENT_USER")
        await db.execute(statement, *values)
        await db.execute(f"REVOKE UPDATE, DELETE ON {table} FROM CURRENT_USER")


@asynccontextmanager
async def ledger_row_changed(shop: Shop, order_id: str) -> AsyncIterator[None]:
    change = "UPDATE ledger_entries SET amount_minor = {} WHERE order_id = $1"
    async with database(shop, "payments") as db:
        await with_right(db, LEDGER, change.format("2 * amount_minor"), order_id)
        yield
        await with_right(db, LEDGER, change.format("amount_minor / 2"), order_id)


@asynccontextmanager
async def hold_without_order(shop: Shop, order_id: str) -> AsyncIterator[None]:
    """Inventory by itself sees nothing wrong with it."""
    planted = """
        INSERT INTO order_holds (order_id, status) VALUES ('ord_nobody', 'held');
        INSERT INTO holds (order_id, sku, location, quantity)
            SELECT 'ord_nobody', sku, location, 1 FROM stock WHERE on_hand > reserved LIMIT 1;
        INSERT INTO stock_movements (kind, sku, location, quantity, order_id, moved_at)
            SELECT 'held', sku, location, 1, order_id, now() FROM holds
            WHERE order_id = 'ord_nobody';
        UPDATE stock s SET reserved = reserved + 1 FROM holds h
            WHERE h.order_id = 'ord_nobody' AND (s.sku, s.location) = (h.sku, h.location)"""
    undone = """
        UPDATE stock s SET reserved = reserved - 1 FROM holds h
            WHERE h.order_id = 'ord_nobody' AND (s.sku, s.location) = (h.sku, h.location);
        DELETE FROM holds WHERE order_id = 'ord_nobody';
        DELETE FROM stock_movements WHERE order_id = 'ord_nobody';
        DELETE FROM order_holds WHERE order_id = 'ord_nobody'"""
    async with database(shop, "inventory") as db:
        async with db.transaction():
            await db.execute(planted)
        yield
        await with_right(db, MOVEMENTS, undone)


@asynccontextmanager
async def charge_we_do_not_have(shop: Shop, order_id: str) -> AsyncIterator[None]:
    """The provider tells nobody; undone by the comparison of lists, which gives it back."""
    charge = {"order_id": order_id, "amount_minor": 99, "currency": "GBP", "token": "tok_ok"}
    answer = await shop.post(
        shop.system.addresses.provider + "/v1/charges", {**charge, "capture": True}
    )
    assert answer.status == 201, answer.body
    yield
    async with database(shop, "payments") as db:
        # The provider's list is compared as far as it was a while ago: the charge must be older.
        await db.execute("UPDATE reconciliations SET due_at = now() + interval '8 s'")


@asynccontextmanager
async def outbox_row_that_never_left(shop: Shop, order_id: str) -> AsyncIterator[None]:
    async with database(shop, "inventory") as db:
        await db.execute(
            "INSERT INTO outbox (shard, topic, key, headers, payload, created_at) "
            "VALUES ($1, 'inventory.events.v1', $2, '[]', '{}', now() - interval '61 s')",
            FOREIGN_SHARD,
            order_id.encode(),
        )
        yield
        await db.execute("DELETE FROM outbox WHERE shard = $1", FOREIGN_SHARD)


@asynccontextmanager
async def event_that_was_lost(shop: Shop, order_id: str) -> AsyncIterator[None]:
    """It was counted, and neither Kafka nor the outbox has it."""
    change = "UPDATE payments SET payments_sequence = payments_sequence {} 1 WHERE order_id = $1"
    async with database(shop, "payments") as db:
        await db.execute(change.format("+"), order_id)
        yield
        await db.execute(change.format("-"), order_id)


@asynccontextmanager
async def order_past_its_deadline(shop: Shop, order_id: str) -> AsyncIterator[None]:
    """Its row is held meanwhile, or it would be expired, as an order past its deadline is."""
    change = "UPDATE orders SET status = $2, deadline_at = deadline_at + $3 WHERE order_id = $1"
    async with database(shop, "orders") as db:
        was = await db.fetchrow("SELECT * FROM orders WHERE order_id = $1", order_id)
        assert was is not None
        past = await db.fetchval("SELECT now() - interval '61 s' - $1", was["deadline_at"])
        await db.execute(change, order_id, "pending", past)
        async with db.transaction():
            await db.execute("SELECT FROM orders WHERE order_id = $1 FOR UPDATE", order_id)
            yield
            await db.execute(change, order_id, was["status"], -past)


DAMAGES = (
    Damage(
        "a ledger row changed by hand",
        ledger_row_changed,
        frozenset({"ledger-follows-attempts", "money-follows-orders", "book-is-ledger"}),
        ("payments", "ledger-follows-attempts"),
    ),
    Damage("a hold without an order", hold_without_order, frozenset({"holds-follow-orders"}), None),
    Damage(
        "a charge the provider has and we do not",
        charge_we_do_not_have,
        frozenset({"book-is-ledger"}),
        None,
    ),
    Damage(
        "an outbox row that never left",
        outbox_row_that_never_left,
        frozenset({"events-leave-the-outbox"}),
        ("inventory", "events-leave-the-outbox"),
    ),
    Damage("an event that was lost", event_that_was_lost, frozenset({"events-are-in-kafka"}), None),
    Damage(
        "an order past its deadline",
        order_past_its_deadline,
        frozenset({"no-stuck-order"}),
        ("orders", "no-stuck-order"),
    ),
)
