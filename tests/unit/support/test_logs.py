"""The look for deadlocks finds one wherever a run could have logged it."""

from pathlib import Path

from local_runtime.paths import RunDir

from tests.support.logs import deadlocks_in

POSTGRES = """\
2026-01-01 00:00:00.000 UTC [71] app@two_orders 40P01 ERROR:  deadlock detected
2026-01-01 00:00:00.000 UTC [71] app@two_orders 40P01 DETAIL:  Process 71 waits for ShareLock
2026-01-01 00:00:00.000 UTC [71] app@two_orders 40P01 HINT:  See server log for query details.
2026-01-01 00:00:01.000 UTC [72] app@two_orders 55P03 ERROR:  canceling statement
"""
SERVICE = '{"event": "retried", "error": "DeadlockDetectedError", "detail": "…"}\n'


def test_a_deadlock_in_the_servers_log_is_found_once(tmp_path: Path) -> None:
    RunDir.at(tmp_path / "backing").log("postgres").write_text(POSTGRES)

    (found,) = deadlocks_in(tmp_path, {})

    assert found.startswith("backing/postgres.log: ")
    assert "app@two_orders 40P01 ERROR:  deadlock detected" in found


def test_a_deadlock_in_a_services_log_is_found(tmp_path: Path) -> None:
    RunDir.at(tmp_path / "two").log("orders-0").write_text(f"before\n{SERVICE}after\n")

    assert deadlocks_in(tmp_path, {}) == [f"two/orders-0.log: {SERVICE.strip()}"]


def test_only_as_many_as_were_planted_in_a_database_pass(tmp_path: Path) -> None:
    RunDir.at(tmp_path / "backing").log("postgres").write_text(POSTGRES * 2)

    assert deadlocks_in(tmp_path, {"two_orders": 2}) == []
    assert len(deadlocks_in(tmp_path, {"two_orders": 1})) == 1
    assert len(deadlocks_in(tmp_path, {"two_payments": 2})) == 2


def test_logs_without_a_deadlock_pass(tmp_path: Path) -> None:
    RunDir.at(tmp_path / "backing").log("postgres").write_text("LOG:  ready\n")

    assert deadlocks_in(tmp_path, {}) == []
