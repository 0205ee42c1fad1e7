"""One message and one work row for each fact, however often it is told."""

import asyncio

import pytest
from notifications.domain.customer import WAITING_MAX, NeverPlaced
from notifications.domain.details import OrderDetails, details_of
from shared.errors import Permanent

from tests.integration.notifications.service import Notifications
from tests.support import mailed_orders as orders


async def kinds(service: Notifications) -> list[str]:
    found = await service.fetch(
        "SELECT m.kind FROM work_rows w JOIN messages m ON w.payload->>'message_id' = m.message_id "
        "ORDER BY w.id"
    )
    assert len(found) == (await service.fetch("SELECT count(*) FROM messages"))[0][0]
    return [row["kind"] for row in found]


async def test_every_fact_of_an_order_queues_one_mail_in_their_order(
    service: Notifications,
) -> None:
    await service.tell(orders.placed(), orders.confirmed())
    await service.tell(orders.partially_shipped("shp_1"))
    await service.tell(orders.shipped("shp_2"), orders.delivered())

    assert await kinds(service) == [
        "order-placed",
        "order-confirmed",
        "order-partially-shipped",
        "order-shipped",
        "order-delivered",
    ]


async def test_a_fact_told_again_queues_nothing(service: Notifications) -> None:
    await service.tell(orders.placed(), orders.confirmed())
    await service.tell(orders.placed(), orders.confirmed(), orders.confirmed())

    assert await kinds(service) == ["order-placed", "order-confirmed"]


async def test_a_fact_told_twice_in_one_batch_queues_once(service: Notifications) -> None:
    await service.tell(orders.placed(), orders.placed())

    assert await kinds(service) == ["order-placed"]


async def test_a_fact_told_by_two_at_once_queues_once(service: Notifications) -> None:
    await service.tell(orders.placed())
    await asyncio.gather(*(service.tell(orders.confirmed()) for _ in range(4)))

    assert await kinds(service) == ["order-placed", "order-confirmed"]


async def test_each_parcel_is_told_once(service: Notifications) -> None:
    await service.tell(orders.placed())
    for shipment in ("shp_1", "shp_2", "shp_1"):
        await service.tell(orders.partially_shipped(shipment))

    assert await kinds(service) == ["order-placed", *["order-partially-shipped"] * 2]


async def test_later_mails_go_to_the_address_the_order_was_placed_with(
    service: Notifications,
) -> None:
    await service.tell(
        orders.placed("ord_1", email="ada@example.com"),
        orders.placed("ord_2", email="bob@example.com"),
    )
    await service.tell(orders.delivered("ord_2"), orders.delivered("ord_1"))

    found = await service.fetch("SELECT order_id, recipient FROM messages")
    assert {tuple(row) for row in found} == {
        ("ord_1", "ada@example.com"),
        ("ord_2", "bob@example.com"),
    }


async def test_what_is_told_before_the_order_is_placed_waits_for_it(
    service: Notifications,
) -> None:
    """Also told twice; the mails then go in the order of what happened."""
    await service.tell(orders.cancelled(), orders.placed("ord_2"))
    await service.tell(orders.cancelled(), orders.refunded())
    assert await kinds(service) == ["order-placed"]

    await service.tell(orders.placed("ord_1"), orders.placed("ord_1"))
    await service.tell(orders.cancelled())

    assert (await kinds(service))[1:] == ["order-placed", "order-cancelled", "order-refunded"]
    found = await service.fetch("SELECT waiting, waiting_since FROM order_messages")
    assert {tuple(row) for row in found} == {("[]", None)}


async def test_what_is_told_before_it_in_one_batch_waits_too(service: Notifications) -> None:
    await service.tell(orders.cancelled(), orders.placed("ord_2"), orders.placed())

    assert await kinds(service) == ["order-placed", "order-placed", "order-cancelled"]


async def test_an_order_that_begins_with_its_placing_is_written_once(
    service: Notifications,
) -> None:
    """An update would leave its row in another place."""
    await service.tell(orders.placed("ord_2"), orders.placed("ord_1"), orders.confirmed("ord_2"))

    rows = await service.fetch("SELECT ctid::text AS place FROM order_messages ORDER BY order_id")
    assert [row["place"] for row in rows] == ["(0,1)", "(0,2)"]


async def test_orders_placed_by_several_at_once_are_each_told_once(
    service: Notifications,
) -> None:
    """Also while others tell of orders that were placed before."""
    ids = [f"ord_{number}" for number in range(6)]
    ways = (ids, [*reversed(ids)], ids[3:], ids[:3])
    await asyncio.gather(
        *(service.tell(*map(orders.placed, one), *map(orders.confirmed, one)) for one in ways),
        *(service.tell(*map(orders.delivered, one)) for one in ways),
    )

    told = await service.fetch("SELECT kind, count(*) FROM messages GROUP BY kind")
    assert {tuple(row) for row in told} == {
        ("order-placed", 6),
        ("order-confirmed", 6),
        ("order-delivered", 6),
    }


async def test_what_the_release_before_left_waiting_is_told_with_the_next_fact(
    service: Notifications,
) -> None:
    """That one learns the customer and knows nothing of what waits."""
    await service.tell(orders.confirmed())
    await service.fetch("UPDATE order_messages SET email = 'ada@example.com'")

    await service.tell(orders.shipped())

    assert await kinds(service) == ["order-confirmed", "order-shipped"]


async def test_more_than_may_wait_for_an_order_fails_for_good(service: Notifications) -> None:
    parcels = [orders.partially_shipped(f"shp_{number}") for number in range(WAITING_MAX + 1)]
    await service.tell(*parcels[:-1])
    await service.tell(parcels[0])

    assert issubclass(NeverPlaced, Permanent)
    with pytest.raises(NeverPlaced):
        await service.tell(parcels[-1])
    await service.tell(orders.placed())
    assert len(await kinds(service)) == WAITING_MAX + 1


async def test_the_row_of_an_order_holds_what_later_mails_need(service: Notifications) -> None:
    await service.tell(orders.placed())

    [row] = await service.fetch("SELECT * FROM order_messages")
    learned = [row[one] for one in ("email", "name", "locale", "tenant", "client_reference")]
    assert row["order_id"] == "ord_1"
    assert learned == ["ada@example.com", "Ada Lovelace", "en-GB", "default", "web-1"]
    assert OrderDetails.model_validate_json(row["details"]) == details_of(orders.placed())


async def test_the_row_of_a_message_holds_its_fact_and_nothing_personal(
    service: Notifications,
) -> None:
    await service.tell(orders.placed(), orders.shipped())

    facts = [row["fact"] for row in await service.fetch("SELECT fact FROM messages ORDER BY 1")]
    assert [one for one in facts if "RM1" in one]
    assert not [one for one in facts if "Ada" in one or "tok_ok" in one or "Road" in one]
