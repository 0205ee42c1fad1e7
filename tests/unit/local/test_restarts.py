"""The pauses between restarts, and the fifth death in a minute."""

from local_runtime.restarts import RestartLimits, RestartRule


def _delays(deaths_s: list[float], lived_s: float = 0.0) -> list[float | None]:
    rule = RestartRule(RestartLimits())
    return [rule.died(now_s=death_s, lived_s=lived_s) for death_s in deaths_s]


def test_starts_again_at_once_then_later_and_later() -> None:
    assert _delays([0, 20, 40, 70, 100, 130, 160]) == [0, 1, 2, 4, 8, 10, 10]


def test_gives_up_at_the_fifth_death_in_a_minute() -> None:
    assert _delays([0, 10, 20, 30, 60]) == [0, 1, 2, 4, None]


def test_a_death_just_over_a_minute_old_does_not_count() -> None:
    assert _delays([0, 10, 20, 30, 60.1]) == [0, 1, 2, 4, 8]


def test_a_minute_of_life_is_a_fresh_start() -> None:
    assert _delays([0, 100, 200], lived_s=60.0) == [0, 0, 0]
