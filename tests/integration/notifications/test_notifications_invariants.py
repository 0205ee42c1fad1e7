"""The invariants of notifications hold over a message's life, and see what breaks them."""

import pytest
from notifications.invariants import INVARIANTS

from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders


async def broken(service: Notifications) -> list[str]:
    return [one.name for one in INVARIANTS if await service.fetch(one.query)]


async def test_they_hold_before_and_after_each_mail(service: Notifications) -> None:
    await service.tell(orders.placed(), orders.confirmed())
    assert await broken(service) == []

    for _ in range(2):
        (row,) = await service.lease()
        await service.sender.perform(row)
        assert await broken(service) == []


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DELETE FROM work_rows", "messages-are-under-way"),
        (
            "UPDATE messages SET state = 'sent', sent_at = now() WHERE kind = 'order-confirmed'",
            "no-mail-overtakes",
        ),
        ("UPDATE messages SET recipient = 'eve@example.com'", "messages-have-a-customer"),
        ("DELETE FROM order_messages", "messages-have-a-customer"),
    ],
)
async def test_each_sees_what_breaks_it(service: Notifications, damage: str, named: str) -> None:
    await service.tell(orders.placed(), orders.confirmed())
    await service.fetch(damage)

    assert await broken(service) == [named]


async def test_what_waits_for_long_for_its_order_is_seen(service: Notifications) -> None:
    await service.tell(orders.confirmed())
    assert await broken(service) == []

    await service.fetch("UPDATE order_messages SET waiting_since = now() - interval '61 minutes'")
    assert await broken(service) == ["facts-find-their-order"]

    await service.tell(orders.placed())
    assert await broken(service) == []
