"""A broker that is away is told of, and does not fill the log."""

import logging

import pytest
from shared.observability import logging as ours
from shared.observability.logging import KINDS_MAX, SAID_AGAIN_AFTER_S, Seldom


def said(seldom: Seldom, name: str, message: str, *values: object) -> bool:
    record = logging.LogRecord(name, logging.ERROR, "", 0, message, values, None)
    return bool(seldom.filter(record))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    moment = [1_000.0]
    monkeypatch.setattr(ours, "monotonic", lambda: moment[0])
    return moment


def test_the_same_of_another_node_is_said_once_in_a_while(now: list[float]) -> None:
    seldom = Seldom()

    assert said(seldom, "aiokafka.client", "Unable connect to node %s", 1)
    assert not said(seldom, "aiokafka.client", "Unable connect to node %s", 2)
    assert said(seldom, "aiokafka.client", "Unable to update metadata")
    now[0] += SAID_AGAIN_AFTER_S
    assert said(seldom, "aiokafka.client", "Unable connect to node %s", 1)


def test_what_we_say_ourselves_is_said_each_time(now: list[float]) -> None:
    seldom = Seldom()

    assert all(said(seldom, "shared.messaging.relay", "relay-failed") for _ in range(3))


def test_what_was_said_is_not_remembered_without_end(now: list[float]) -> None:
    seldom = Seldom()
    for number in range(3 * KINDS_MAX):
        assert said(seldom, "aiokafka.client", f"kind {number}")

    assert len(seldom._said_at) <= KINDS_MAX
