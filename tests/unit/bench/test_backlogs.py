"""A backlog that grows is told by its name; noise, a peak and a drain are not."""

import pytest

from tests.bench.backlog import NOISE_S, growing

RATE = 100.0
NOISE = round(NOISE_S * RATE)


def samples(*lengths: int) -> list[dict[str, int]]:
    return [{"work notifications": one, "outbox orders": 3} for one in lengths]


def test_a_queue_that_gets_longer_is_named_with_its_growth() -> None:
    assert growing(samples(0, 100, 200, 300, 400, 500), RATE) == {"work notifications": 400}


@pytest.mark.parametrize(
    "lengths",
    [
        (0, 30, 2, 40, 1, 20),
        (0, 0, 900, 900, 0, 0),
        (500, 400, 300, 200, 100, 0),
        (700,) * 6,
        (0, 200, 400, 600, 800, 0, 200, 400, 600, 800, 0, 200),
    ],
    ids=["noise", "a peak", "a drain", "as long as before", "committed now and then"],
)
def test_a_queue_that_does_not_is_not_named(lengths: tuple[int, ...]) -> None:
    assert growing(samples(*lengths), RATE) == {}


@pytest.mark.parametrize(("last", "grows"), [(NOISE, False), (NOISE + 1, True)])
def test_half_a_second_of_orders_is_noise_and_more_is_not(last: int, grows: bool) -> None:
    assert bool(growing(samples(0, 0, last), RATE)) is grows


def test_a_window_that_was_hardly_looked_at_says_nothing() -> None:
    assert growing(samples(0, 1000), RATE) == {}
