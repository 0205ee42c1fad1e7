"""Each invariant holds for an honest history, and sees the lie it is there to see."""

import pytest
from payments.invariants import INVARIANTS

from tests.integration.payments.service import Payments, cancelled, placed


def by_hand(change: str) -> str:
    """A change of the ledger as an owner can make it who gives itself the right for a moment."""
    return (
        "GRANT UPDATE ON ledger_entries TO CURRENT_USER; "
        f"UPDATE ledger_entries SET {change}; "
        "REVOKE UPDATE ON ledger_entries FROM CURRENT_USER"
    )


READ_TO_NOW = (
    "INSERT INTO reconciliations (provider, covered_from, covered_to, due_at) "
    "VALUES ('p', now() - interval '1 day', now() + interval '1 day', now() + interval '1 day')"
)
LIES = {
    "ledger-balances": (
        "ALTER TABLE ledger_entries DISABLE TRIGGER ledger_entries_balance; "
        "INSERT INTO ledger_entries (tx_id, account, amount_minor, currency, order_id, operation, "
        "number, provider_reference, at) "
        "VALUES ('x', 'order_funds', 1, 'GBP', 'ord_1', 'charge', 9, 'x', now())"
    ),
    "ledger-explains-payments": "UPDATE payments SET captured_minor = captured_minor + 1",
    "ledger-follows-attempts": by_hand("amount_minor = 2 * amount_minor"),
    "attempts-are-booked": (
        "GRANT DELETE ON ledger_entries TO CURRENT_USER; DELETE FROM ledger_entries; "
        "REVOKE DELETE ON ledger_entries FROM CURRENT_USER"
    ),
    "ledger-is-append-only": "GRANT DELETE ON ledger_entries TO CURRENT_USER",
    "one-charge-each": (
        "INSERT INTO payment_attempts (order_id, operation, number, provider_key, amount_minor, "
        "currency, reason, state, calls, created_at) "
        "VALUES ('ord_1', 'charge', 2, 'again', 1530, 'GBP', '', 'succeeded', 1, now())"
    ),
    "unknown-is-found-out": (
        "UPDATE payments SET status = 'unknown' WHERE order_id = 'ord_3'; "
        "UPDATE payment_attempts SET first_called_at = now() - interval '601 s' "
        "WHERE order_id = 'ord_3'"
    ),
    "ended-orders-keep-no-money": "UPDATE payments SET end_reason = 'order-expired'",
    "queued-refunds-are-asked-for": (
        "UPDATE payments SET refund_queued_minor = 1 WHERE status = 'captured'"
    ),
    "refunds-are-under-way": "UPDATE work_rows SET done = true WHERE kind = 'refund'",
    "charges-are-under-way": "UPDATE work_rows SET done = true WHERE kind = 'charge'",
    "tokens-are-forgotten": "UPDATE payments SET token = 'tok'",
    "stray-charges-go-back": (
        "UPDATE payment_attempts SET stray_charge = 'ch_beside' "
        "WHERE operation = 'charge' AND order_id = 'ord_1'"
    ),
    "provider-list-is-booked": (
        "INSERT INTO provider_movements (id, operation, provider_key, order_id, charge_id, "
        "amount_minor, currency, at, state) "
        "VALUES ('mv', 'charge', 'k', 'ord_9', 'ch_9', 1, 'GBP', now(), 'differs')"
    ),
    "booked-is-in-provider-list": READ_TO_NOW,
    "provider-events-are-listed": (
        "INSERT INTO provider_events (provider, event_id, hash, type, charge_id, outcome, "
        "received_at) VALUES ('p', 'evt', '', 'charge.captured', 'ch_9', 'unaccounted', now()); "
        + READ_TO_NOW
    ),
}
CHANGES = (
    "amount_minor = 2 * amount_minor",
    "amount_minor = -amount_minor",
    "currency = 'EUR'",
    "order_id = 'ord_9'",
    "operation = 'refund'",
    "number = 7",
    "provider_reference = 'ch_other'",
    "tx_id = 'other-' || tx_id",
)
MONEY_OF_NO_ORDER = ("decline_reason = 'declined'", "status = 'captured_late'")


async def one_of_each(service: Payments) -> None:
    """A payment captured, one whose refund is queued, and one that is not charged yet."""
    await service.receive(placed("ord_1"), placed("ord_2"))
    await service.work()
    await service.receive(cancelled("ord_2"), placed("ord_3"))
    assert await service.broken_promises() == {}


@pytest.mark.parametrize("name", [one.name for one in INVARIANTS])
async def test_each_invariant_of_payments_sees_its_lie(service: Payments, name: str) -> None:
    await one_of_each(service)

    await service.pool.execute(LIES[name])

    assert name in await service.broken_promises()


@pytest.mark.parametrize("lie", MONEY_OF_NO_ORDER)
async def test_money_that_pays_for_nothing_is_seen_before_its_order_ends(
    service: Payments, lie: str
) -> None:
    await one_of_each(service)

    await service.pool.execute(f"UPDATE payments SET {lie} WHERE status = 'captured'")

    assert await service.broken_promises() == {"ended-orders-keep-no-money": ["ord_1"]}


@pytest.mark.parametrize("change", CHANGES)
async def test_any_change_of_a_ledger_row_by_hand_is_seen(service: Payments, change: str) -> None:
    """Both sides at once, so that the sum stays zero."""
    await one_of_each(service)

    await service.pool.execute(by_hand(change))

    assert "ledger-follows-attempts" in await service.broken_promises()
