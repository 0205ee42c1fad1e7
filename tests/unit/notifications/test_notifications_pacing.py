"""No order waits for notifications: it takes its time between batches, and goes last."""

from notifications.app import build
from notifications.pacing import INTERVAL_S_MIN
from notifications.settings import NotificationsSettings

from tests.support.wiring import EXAMPLE_SETTINGS


def test_every_group_begins_its_batches_apart() -> None:
    groups = build(NotificationsSettings(**EXAMPLE_SETTINGS)).groups

    assert INTERVAL_S_MIN > 0
    assert {one.interval_s_min for one in groups} == {INTERVAL_S_MIN}


def test_it_goes_behind_those_that_orders_wait_for() -> None:
    assert build(NotificationsSettings(**EXAMPLE_SETTINGS)).nice > 0
