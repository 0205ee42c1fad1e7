"""A buyer cancels while the card is charged and the parcel packed: one outcome, whoever wins."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from tests.support.judges import FACTS, SERVICES, Records
from tests.support.kafka_log import headers_of, sequence_errors
from tests.support.races import Race, Races, drawn_lots
from tests.support.shop import Shop
from tests.support.waiting import eventually

RACES, REHEARSALS = 500, 30
STOCK = RACES + REHEARSALS
ENDS = {"shipped", "cancelled", "rejected"}
TOLD_ENDS = {f"orders.order-{end}.v1": end for end in ENDS}
SETTLED_WITHIN_S = 30
NO_MONEY = {"voided", "refunded", "declined"}


async def test_a_cancellation_at_any_moment_ends_in_one_outcome_with_its_money_and_stock(
    two: Shop,
) -> None:
    """The witness: cancellations came before, during and after the capture, and too late."""
    with drawn_lots() as luck:
        races = Races(two, await two.new_sku(STOCK), luck)
        capture_s, dispatch_s = await races.rehearse(REHEARSALS)
        await races.hold(races.draw(RACES, capture_s, dispatch_s))

        ends = await _ends(two, races.run)
        records = await _records(two, races.run)
        _one_outcome_told(records, ends)
        _buyers_were_told_so(races.run, ends)
        await _money_and_stock_follow(races, ends)
        await _every_promise_holds(two)
        ways = await _ways(two, races.run, records)
        assert set(ways) == {"uncharged", "charged", "confirmed", "shipped"}, ways


async def _ends(shop: Shop, races: Sequence[Race]) -> dict[str, str]:
    """What each order came to, once all have and nothing is left to do about any."""
    ends: dict[str, str] = {}

    async def look() -> bool:
        for race in races:
            if ends.get(race.order_id) not in ENDS:
                ends[race.order_id] = (await shop.order(race.order_id))["status"]
        return set(ends.values()) <= ENDS

    await eventually(look, "every order ended", SETTLED_WITHIN_S)
    await shop.drained(SETTLED_WITHIN_S)
    return ends


async def _records(shop: Shop, races: Sequence[Race]) -> Records:
    keys = {race.order_id.encode() for race in races}
    return [one for one in await shop.log.read(*FACTS) if one.key in keys]


def _one_outcome_told(records: Records, ends: dict[str, str]) -> None:
    """Events in sequence, and for each order one end, the one it has."""
    assert sequence_errors(records) == []
    told: dict[str, set[str]] = defaultdict(set)
    for record in records:
        headers = headers_of(record)
        if end := TOLD_ENDS.get(headers["ce_type"]):
            told[headers["ce_subject"]].add(end)
    assert told == {order_id: {end} for order_id, end in ends.items()}


def _buyers_were_told_so(races: Sequence[Race], ends: dict[str, str]) -> None:
    """202 may become "too late" while goods leave; 409 is final, and says what it came to."""
    for race in races:
        end = ends[race.order_id]
        match race.answer:
            case None:
                assert end == "shipped"
            case answer if answer.status == 409:
                assert answer.body["type"] == "urn:problem:illegal-transition"
                assert answer.body["current_status"] == end
            case answer:
                assert answer.status == 202
                assert end == "cancelled" or (
                    end == "shipped" and answer.body["status"] != "cancelled"
                ), (race, end)
        assert end == "shipped" or race.dispatched_after_s is None


async def _money_and_stock_follow(races: Races, ends: dict[str, str]) -> None:
    """The provider's book first, then what payments told of it, then the shelf."""
    shop, shipped = races.shop, sum(end == "shipped" for end in ends.values())

    async def look() -> bool:
        held = await shop.money()
        paid = {one: (await shop.order(one))["payment"]["status"] for one in ends}
        return all(
            (held[order_id] == 250 and paid[order_id] == "captured")
            if end == "shipped"
            else (held[order_id] == 0 and paid[order_id] in NO_MONEY)
            for order_id, end in ends.items()
        )

    await eventually(look, "money as the orders ended", SETTLED_WITHIN_S)
    await shop.drained(SETTLED_WITHIN_S)
    assert await shop.books_agree(list(ends)) == Counter(ends.values())
    left = STOCK - shipped

    async def on_the_shelf() -> bool:
        stock = await shop.stock(races.sku)
        return (stock["on_hand"], stock["reserved"], stock["available"]) == (left, 0, left)

    await eventually(on_the_shelf, f"{left} left, none reserved", SETTLED_WITHIN_S)


async def _every_promise_holds(shop: Shop) -> None:
    for service in SERVICES:
        answer = await shop.get(shop.url(service) + "/ops/invariants")
        assert answer.body["holds"], answer.body


async def _ways(shop: Shop, races: Sequence[Race], records: Records) -> Counter[str]:
    """How far each cancelled order with a good card had come when its end was decided."""
    captured = {one["order_id"] for one in await shop.book() if one["op"] == "capture"}
    confirmed = {
        headers_of(one)["ce_subject"]
        for one in records
        if headers_of(one)["ce_type"] == "orders.order-confirmed.v1"
    }

    def way(race: Race) -> str:
        if race.dispatched_after_s is not None:
            return "shipped"
        if race.order_id in confirmed:
            return "confirmed"
        return "charged" if race.order_id in captured else "uncharged"

    cancelled = [one for one in races if one.answer is not None]
    return Counter(way(one) for one in cancelled if one.token != "tok_declined")
