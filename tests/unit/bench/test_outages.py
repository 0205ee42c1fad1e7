"""How long orders felt an outage, from the windows in which they were placed."""

from typing import Any

from tests.bench.outage import by_arithmetic_s, recovery

SLICE_S = 5.0
DOWN_S, BACK_S = 10.0, 17.0


def told(*p99_ms: float, ended: int = 50) -> dict[str, Any]:
    windows = [
        {"at_s": SLICE_S * number, "placed": 50, "ended": ended, "p50": 1.0, "p99": one}
        for number, one in enumerate(p99_ms)
    ]
    return recovery(windows, DOWN_S, BACK_S, SLICE_S)


def test_orders_wait_as_usual_from_the_first_window_at_twice_of_before() -> None:
    found = told(90, 110, 9_000, 7_000, 3_000, 201, 200, 100)

    assert found["p99_before_ms"] == 100
    assert found["as_usual_after_s"] == found["for_good_after_s"] == 13
    assert found["caught_up_orders_s"] == 10


def test_an_outage_that_nobody_felt_was_over_at_once() -> None:
    found = told(90, 110, 100, 100, 100)

    assert found["as_usual_after_s"] == found["for_good_after_s"] == 0
    assert found["caught_up_orders_s"] is None


def test_a_window_that_is_late_again_makes_it_later_for_good() -> None:
    found = told(90, 110, 9_000, 7_000, 100, 300, 100)

    assert found["as_usual_after_s"] == 3
    assert found["for_good_after_s"] == 13


def test_a_load_that_ends_too_early_tells_no_recovery() -> None:
    found = told(90, 110, 9_000, 7_000, 3_000)

    assert found["as_usual_after_s"] is found["for_good_after_s"] is None
    assert found["caught_up_orders_s"] == 10


def test_a_window_in_which_nothing_was_placed_is_passed_over() -> None:
    windows: list[dict[str, float]] = [{"at_s": 20.0, "placed": 0, "ended": 9}]

    assert recovery(windows, DOWN_S, BACK_S, SLICE_S)["as_usual_after_s"] is None


def test_at_half_of_the_rate_a_backlog_lasts_as_long_as_the_outage() -> None:
    assert by_arithmetic_s(backlog=60 * 400, rate=400, full_orders_s=800) == 60
    assert by_arithmetic_s(backlog=60 * 200, rate=200, full_orders_s=800) == 20
    assert by_arithmetic_s(backlog=1, rate=800, full_orders_s=800) is None
