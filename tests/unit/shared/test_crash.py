"""The crash seam: off it does nothing, and on it acts once, where it was asked."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import crash

POINT = "consumer.after_commit"


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """What would have been sent, instead of dying."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    yield sent
    crash.arm(None, "orders-0")


def test_off_every_point_does_nothing(tmp_path: Path, signals: list[tuple[int, int]]) -> None:
    (tmp_path / f"orders-0.{POINT}").write_text("KILL")
    crash.arm(None, "orders-0")

    for name in (*crash.POINTS, "no-such-point"):
        crash.point(name)

    assert signals == []
    assert list(tmp_path.iterdir())


def test_on_a_point_nobody_asked_for_does_nothing(
    tmp_path: Path, signals: list[tuple[int, int]]
) -> None:
    (tmp_path / f"orders-1.{POINT}").write_text("KILL")
    crash.arm(tmp_path, "orders-0")

    crash.point(POINT)

    assert signals == []


@pytest.mark.parametrize(("how", "number"), [("KILL", signal.SIGKILL), ("STOP\n", signal.SIGSTOP)])
def test_a_point_acts_once_and_takes_its_order_away(
    tmp_path: Path, signals: list[tuple[int, int]], how: str, number: int
) -> None:
    (tmp_path / f"orders-0.{POINT}").write_text(how)
    crash.arm(tmp_path, "orders-0")

    crash.point(POINT)
    crash.point(POINT)

    assert signals == [(os.getpid(), number)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("half", ["", "STO"])
def test_an_order_that_is_half_written_is_not_taken_for_another(
    tmp_path: Path, signals: list[tuple[int, int]], half: str
) -> None:
    order = tmp_path / f"orders-0.{POINT}"
    order.write_text(half)
    crash.arm(tmp_path, "orders-0")

    crash.point(POINT)
    assert signals == []
    order.write_text("STOP")
    crash.point(POINT)

    assert signals == [(os.getpid(), signal.SIGSTOP)]


def test_a_point_that_is_not_listed_is_a_mistake(
    tmp_path: Path, signals: list[tuple[int, int]]
) -> None:
    crash.arm(tmp_path, "orders-0")

    with pytest.raises(AssertionError, match="no-such-point"):
        crash.point("no-such-point")
