"""What carriers may tell of a parcel, and where it is after that."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from inventory.domain.carriage import (
    FINAL,
    CarrierStatus,
    Checkpoint,
    News,
    ProgressStatus,
    Recorded,
    as_occurred,
    take_news,
)
from inventory.domain.fulfilment import Shipment
from inventory.domain.order import Illegal, Repeated

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
EARLIER, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
EVERY: tuple[CarrierStatus, ...] = get_args(CarrierStatus)
ON_ITS_WAY = [one for one in EVERY if one not in FINAL]


def told(status: CarrierStatus, at: datetime = EARLIER) -> Checkpoint:
    return Checkpoint(status, at, at)


def shipment(*checkpoints: Checkpoint, delivered_at: datetime | None = None) -> Shipment:
    return Shipment("shp_1", "ord_1", "ffo_1", "DHL", "T1", (), NOW, delivered_at, checkpoints)


@pytest.mark.parametrize("status", EVERY)
@pytest.mark.parametrize("before", ON_ITS_WAY)
def test_anything_may_follow_a_status_that_is_not_final(
    before: CarrierStatus, status: CarrierStatus
) -> None:
    taken = take_news((told(before),), News(status, NOW, "Leeds"), NOW)

    assert taken == Recorded(Checkpoint(status, NOW, NOW, "Leeds"))


@pytest.mark.parametrize("status", EVERY)
def test_anything_may_be_the_first_that_a_carrier_tells(status: CarrierStatus) -> None:
    assert take_news((), News(status), NOW) == Recorded(Checkpoint(status, NOW, NOW))


@pytest.mark.parametrize("final", FINAL)
def test_a_final_status_may_be_told_again_and_changes_nothing(final: CarrierStatus) -> None:
    assert take_news((told(final),), News(final), NOW) == Repeated()
    assert take_news((told(final),), News(final, NOW, "again"), NOW) == Repeated()


@pytest.mark.parametrize("status", EVERY)
@pytest.mark.parametrize("final", FINAL)
def test_nothing_else_follows_a_final_status(final: CarrierStatus, status: CarrierStatus) -> None:
    history = as_occurred((told(final, NOW), told("in_transit", LATER)))

    if status != final:
        assert take_news(history, News(status, LATER), NOW) == Illegal(final)


def test_the_same_thing_at_the_same_time_is_known_already() -> None:
    history = (told("in_transit"), told("failed_attempt", NOW))

    assert take_news(history, News("in_transit", EARLIER, "otherwise"), LATER) == Repeated()
    assert take_news(history, News("in_transit", NOW), LATER) == Recorded(
        Checkpoint("in_transit", NOW, LATER)
    )


def test_without_a_time_only_another_status_than_the_latest_is_new() -> None:
    history = (told("in_transit"), told("failed_attempt", NOW))

    assert take_news(history, News("failed_attempt"), LATER) == Repeated()
    assert take_news(history, News("in_transit"), LATER) == Recorded(
        Checkpoint("in_transit", LATER, LATER)
    )


def test_what_is_told_late_does_not_move_a_parcel_back() -> None:
    late = Checkpoint("in_transit", EARLIER, LATER)

    parcel = shipment(told("out_for_delivery", NOW), late)

    assert parcel.history == (late, told("out_for_delivery", NOW))
    assert parcel.status == "out_for_delivery"


def test_a_time_to_come_counts_as_the_moment_it_was_heard_of() -> None:
    ahead = Checkpoint("in_transit", LATER, EARLIER)

    assert shipment(ahead, told("failed_attempt", NOW)).status == "failed_attempt"


def test_of_two_at_one_moment_the_later_heard_of_is_the_latest() -> None:
    assert shipment(told("in_transit"), told("ready_for_pickup")).status == "ready_for_pickup"


@pytest.mark.parametrize("final", FINAL)
def test_a_final_status_is_the_latest_whenever_it_occurred(final: CarrierStatus) -> None:
    assert shipment(told(final, EARLIER), told("in_transit", NOW)).status == final


def test_a_parcel_of_which_nothing_was_told_is_dispatched() -> None:
    assert shipment().status == "dispatched"
    assert shipment().history == ()


def test_an_arrival_from_before_there_was_a_history_is_its_history() -> None:
    parcel = shipment(told("in_transit"), delivered_at=NOW)

    assert parcel.status == "delivered"
    assert parcel.history == (told("in_transit"), Checkpoint("delivered", NOW, NOW))


def test_an_arrival_that_is_in_the_history_is_there_once() -> None:
    assert shipment(told("delivered", NOW), delivered_at=NOW).history == (told("delivered", NOW),)


def test_every_status_on_the_way_is_told_by_an_event_of_its_own() -> None:
    assert set(get_args(ProgressStatus)) == {*EVERY} - {"delivered"}
