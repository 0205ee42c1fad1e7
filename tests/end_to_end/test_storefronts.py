"""Storefronts that share the topic: each has its ids, its references and its orders."""

from uuid import uuid4

from shared.contracts import topics

from tests.support.builders import a_line, an_order
from tests.support.kafka_log import headers_of
from tests.support.shop import Shop
from tests.support.storefront import Storefront


async def test_two_storefronts_with_equal_event_ids_both_get_their_order(shop: Shop) -> None:
    """Each order lives and is paid; the same event again, from either, changes nothing."""
    web, kiosk = Storefront(shop, "/web"), Storefront(shop, "/kiosk")
    sku, event_id = await shop.new_sku(5), uuid4().hex
    bodies = {web: an_order(a_line(sku, 1)), kiosk: an_order(a_line(sku, 2))}

    for storefront, body in [*bodies.items(), *bodies.items()]:
        await storefront.submit(body, event_id)
    order_ids = [await one.order_of(body["client_reference"]) for one, body in bodies.items()]

    assert [(await shop.outcome(one))["status"] for one in order_ids] == ["confirmed"] * 2
    await shop.drained()
    await shop.books_agree(order_ids)
    assert (await shop.stock(sku))["reserved"] == 3
    assert await _submitted_under(shop, event_id) == ["/web", "/kiosk", "/web", "/kiosk"]
    aside = {one["key"] for one in await shop.dead_letters("orders")}
    assert aside.isdisjoint(body["client_reference"] for body in bodies.values())


async def _submitted_under(shop: Shop, event_id: str) -> list[str]:
    """The witness: whose records of one id are on the topic, in the order they came."""
    told = sorted(await shop.log.read(topics.STOREFRONT_ORDERS), key=lambda one: one.timestamp)
    return [headers_of(one)["ce_source"] for one in told if headers_of(one)["ce_id"] == event_id]
