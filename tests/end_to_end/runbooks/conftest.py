"""One stack for all runbooks, whose looks come often, and the judge of its alerts."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from local_runtime.config import SERVICES, StackConfig
from local_runtime.runtimes.base import Backing

from tests.conftest import a_shop
from tests.support.alarms import Alarms
from tests.support.builders import a_line
from tests.support.runbooks import TESTED_BY, Runbook
from tests.support.shop import Shop
from tests.unit.prometheus.rules import promtool

QUICK = {one: [sys.executable, "-m", "tests.support.quick_service", one] for one in SERVICES}
LOOKS = {f"{one.upper()}_INVARIANTS_INTERVAL_S": "0.5" for one in SERVICES}


@pytest.fixture(scope="package")
async def operated(backing: Backing, run_dir: Path) -> AsyncIterator[Shop]:
    promtool()
    async with a_shop(
        backing,
        run_dir,
        "operated",
        StackConfig(commands=QUICK),
        **LOOKS,
        ORDERS_DEADLINE_S="300",
        ORDERS_BATCH_RECORDS_MAX="1",
        PAYMENTS_RECONCILE_INTERVAL_S="0.5",
        PAYMENTS_CALL_TIMEOUT_S="0.9",
        PAYMENTS_LEASE_S="5.9",
        # Ahead by more than a comparison leaves out, it compares what has just been done.
        PAYMENTS_CLOCK_OFFSET_S="10",
        INVENTORY_PARKED_ORDERS_PER_MINUTE_MAX="4",
    ) as running:
        await running.outcome(await running.place(a_line(await running.new_sku(1))))
        yield running


@pytest.fixture
async def alarms(operated: Shop) -> Alarms:
    judge = Alarms(operated)
    await judge.rebase()
    return judge


@pytest.fixture
def page(request: pytest.FixtureRequest, operated: Shop) -> Iterator[Runbook]:
    """The runbook of the test, which must run everything that the page tells to run."""
    names = {test.rpartition("::")[2]: name for name, test in TESTED_BY.items()}
    followed = Runbook(names[request.node.name], operated)
    failed_before = request.session.testsfailed
    yield followed
    if request.session.testsfailed == failed_before:
        followed.all_done()
