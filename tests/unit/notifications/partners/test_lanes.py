"""One endpoint's lane: its window grows with success, and its rate holds whatever happens."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifications.partners.lane import BURST_S, IDLE_S, SLOW_S, Lane
from notifications.partners.store.endpoints import Served

NOW_S = 1000.0


def lane_of(rate_per_s: int = 1000, concurrency_max: int = 8, *, failing: bool = False) -> Lane:
    served = Served("whe_1", UUID(int=1), rate_per_s, concurrency_max, failing)
    return Lane.of(served, NOW_S)


def one_call(lane: Lane, *, received: bool = True, duration_s: float = 0.1) -> None:
    lane.begin(1, NOW_S)
    lane.end(1, received=received, duration_s=duration_s, now_s=NOW_S)


def test_the_window_doubles_up_to_the_limit() -> None:
    lane = lane_of(concurrency_max=12)
    rooms = []
    for _ in range(6):
        rooms.append(lane.room(NOW_S))
        one_call(lane)

    assert rooms == [1, 2, 4, 8, 12, 12]


@pytest.mark.parametrize(("received", "duration_s"), [(False, 0.1), (True, SLOW_S), (False, 9.0)])
def test_a_failure_or_a_slow_answer_brings_it_back_to_one(
    received: bool, duration_s: float
) -> None:
    lane = lane_of()
    for _ in range(3):
        one_call(lane)
    assert (lane.window, lane.trusted) == (8, True)
    one_call(lane, received=received, duration_s=duration_s)

    assert (lane.window, lane.trusted) == (1, False)
    one_call(lane)
    assert (lane.window, lane.trusted) == (2, True)


def test_what_is_under_way_takes_its_room() -> None:
    lane = lane_of()
    for _ in range(2):
        one_call(lane)
    lane.begin(1, NOW_S)
    lane.begin(2, NOW_S)

    assert lane.room(NOW_S) == 2
    lane.end(1, received=False, duration_s=0.1, now_s=NOW_S)
    assert lane.room(NOW_S) == 0


@pytest.mark.parametrize(("rate", "at_once", "turn_s"), [(1000, 8, 0.008), (50, 8, 0.16)])
def test_a_window_in_each_turn_makes_the_rate(rate: int, at_once: int, turn_s: float) -> None:
    assert lane_of(rate, at_once).turn_s == turn_s


def test_one_that_fails_is_not_trusted_from_the_start() -> None:
    assert lane_of().trusted
    assert not lane_of(failing=True).trusted


def test_one_that_rests_has_no_room_until_it_has_rested() -> None:
    lane = lane_of()
    lane.rests_until = NOW_S + 1

    assert lane.room(NOW_S) == 0
    assert lane.room(NOW_S + 0.999) == 0
    assert lane.room(NOW_S + 1) == 1


def test_one_is_idle_when_nothing_was_under_way_for_a_while() -> None:
    lane = lane_of()
    lane.begin(1, NOW_S)
    assert not lane.is_idle(NOW_S + 2 * IDLE_S)
    lane.end(1, received=True, duration_s=0.1, now_s=NOW_S + 2 * IDLE_S)
    assert not lane.is_idle(NOW_S + 3 * IDLE_S)
    assert lane.is_idle(NOW_S + 3 * IDLE_S + 0.1)


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=60),
)
def test_in_no_span_of_time_does_more_begin_than_the_rate_and_one_burst(
    rate: int, steps: list[tuple[float, bool]]
) -> None:
    lane = lane_of(rate_per_s=rate, concurrency_max=32)
    now_s, number, begun = NOW_S, 0, list[tuple[float, int]]()
    for passed_s, received in steps:
        now_s += passed_s
        room = lane.room(now_s)
        for _ in range(room):
            number += 1
            lane.begin(number, now_s)
        begun.append((now_s, room))
        for one in list(lane.under_way):
            lane.end(one, received=received, duration_s=0.1, now_s=now_s)

    burst = max(1.0, rate * BURST_S)
    for first, (began_s, _) in enumerate(begun):
        for last in range(first, len(begun)):
            count = sum(room for _, room in begun[first : last + 1])
            assert count <= burst + rate * (begun[last][0] - began_s) + 1e-6


def test_the_slowest_rate_is_one_a_second_and_gets_through() -> None:
    lane = lane_of(rate_per_s=1)
    begun = 0
    for tenth in range(101):
        if lane.room(NOW_S + tenth / 10):
            lane.begin(tenth, NOW_S + tenth / 10)
            lane.end(tenth, received=True, duration_s=0.0, now_s=NOW_S + tenth / 10)
            begun += 1

    assert 10 <= begun <= 11


def test_lower_limits_hold_from_the_next_call_on() -> None:
    lane = lane_of()
    for _ in range(3):
        one_call(lane)
    lane.follow(2, 3)

    assert lane.room(NOW_S) == 1
    one_call(lane)
    assert (lane.room(NOW_S), lane.room(NOW_S + 0.5), lane.window) == (0, 1, 3)
