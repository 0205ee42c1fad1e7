"""Rounds keep the order of each key and never show a handler two events of one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.event import Event
from shared.contracts.orders import OrderCancelled, OrderExpired
from shared.messaging.batch import Batch, rounds

PLACES = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=30)


def event(key: str, expired: bool, number: int) -> Event:
    """``number`` tells events of one order apart."""
    reference = str(number)
    if expired:
        return OrderExpired(order_id=key, client_reference=reference)
    return OrderCancelled(order_id=key, client_reference=reference, reason="customer")


EVENTS = PLACES.map(lambda places: [event(*place, n) for n, place in enumerate(places)])


def flat(found: Sequence[Sequence[Batch[Event]]]) -> list[Event]:
    return [one for batches in found for batch in batches for one in batch]


@given(EVENTS)
def test_every_event_is_in_one_batch(events: list[Event]) -> None:
    assert sorted(map(repr, flat(list(rounds(events))))) == sorted(map(repr, events))


@given(EVENTS)
def test_the_order_of_each_key_is_kept(events: list[Event]) -> None:
    ran = flat(list(rounds(events)))

    for key in {one.key for one in events}:
        assert [e for e in ran if e.key == key] == [e for e in events if e.key == key]


@given(EVENTS)
def test_no_batch_and_no_round_has_two_events_of_one_order(events: list[Event]) -> None:
    for batches in rounds(events):
        keys = [one.key for batch in batches for one in batch]
        assert len(keys) == len(set(keys))


@given(EVENTS)
def test_a_batch_has_one_type_and_a_round_one_batch_of_it(events: list[Event]) -> None:
    for batches in rounds(events):
        kinds = [{type(one) for one in batch} for batch in batches]
        assert all(len(one) == 1 for one in kinds)
        assert len({next(iter(one)) for one in kinds}) == len(kinds)


@given(EVENTS)
def test_there_are_as_many_rounds_as_the_busiest_order_has_events(events: list[Event]) -> None:
    keys = [one.key for one in events]

    assert len(list(rounds(events))) == max(map(keys.count, keys), default=0)


def test_a_batch_is_a_sequence() -> None:
    one, two = event("a", True, 1), event("b", True, 2)
    batch = Batch([one, two])

    assert list(batch) == [one, two]
    assert (len(batch), batch[1], batch[:1]) == (2, two, (one,))
