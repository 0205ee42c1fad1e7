"""All runs of an arena judged as one: right only if some order came to what it was placed for."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.proof import evidence, runner
from tests.proof.arena import SCALED
from tests.proof.judges.journal import Journal
from tests.proof.judges.verdict import Evidence
from tests.proof.report import Row
from tests.unit.proof.histories import REJECTED, right


async def judged(monkeypatch: pytest.MonkeyPatch, seen: Evidence, runs: int) -> Row:
    async def gather(*_: Any, **__: Any) -> Evidence:
        return seen

    monkeypatch.setattr(evidence, "gather", gather)
    monkeypatch.setattr(runner, "LATE_S", 0.0)
    arena: Any = SimpleNamespace(kind="one", journals=[Journal() for _ in range(runs)])
    return await runner.judge_all(arena, seed=1)


def nobody_served() -> Evidence:
    """A system that rejects all there is."""
    whole = right()
    journal = Journal({f"ref-{REJECTED}": whole.journal.intents[f"ref-{REJECTED}"]})
    journal.received.clear()
    return right(
        journal=journal,
        told=[one for one in whole.told if one.key == REJECTED],
        book=[one for one in whole.book if one.order_id == REJECTED],
        mails=[one for one in whole.mails if one.order_id == REJECTED],
        webhooks=[],
    )


def test_what_comes_late_has_come_before_all_is_judged() -> None:
    sweeps_s = json.loads(SCALED["PAYMENTS_SWEEP_DELAYS_S"])

    assert max(sweeps_s) < runner.LATE_S


async def test_a_right_history_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    row = await judged(monkeypatch, right(), runs=2)

    assert row.passed
    assert (row.runs, row.orders) == (2, 3)
    assert row.witness.startswith("1 orders live")


async def test_runs_without_an_order_that_lives_show_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = await judged(monkeypatch, nobody_served(), runs=2)

    assert row.violations == []
    assert not row.passed
    assert "no order lives" in row.void


async def test_one_fault_alone_may_last_as_long_as_its_orders_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await judged(monkeypatch, nobody_served(), runs=1)).passed
