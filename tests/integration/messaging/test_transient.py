"""What passes by itself is never set aside, however long it lasts."""

from urllib.parse import urlsplit

import asyncpg
import pytest
from shared.database import pool
from shared.messaging import retry

from tests.support.tally import Tally, TallyService, counted, tally_service


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3)])
async def test_a_lock_held_beyond_the_retry_budget_parks_nothing(
    service: TallyService, monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, ...]
) -> None:
    tally, batch = Tally("patient"), counted("a", *numbers)
    monkeypatch.setitem(pool.SESSION, "lock_timeout", "100ms")
    monkeypatch.setattr(retry, "BUDGET_S", 0.3)
    await service.fetch("INSERT INTO heads (order_id) VALUES ('a')")

    async with tally_service(service.dsn) as impatient:
        async with service.transactions.begin() as holder:
            await holder.lock_orders(["a"])
            with pytest.raises(asyncpg.LockNotAvailableError):
                await impatient.pipeline(tally).process(batch)
        assert await service.parked(tally) == []
        await impatient.pipeline(tally).process(batch)

    assert await service.effects("a") == list(numbers)


async def test_sessions_of_a_read_only_time_do_not_outlive_it(tally_dsn: str) -> None:
    database = urlsplit(tally_dsn).path[1:]
    owner = await asyncpg.connect(tally_dsn)
    try:
        await owner.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")
        async with tally_service(tally_dsn) as running:
            await owner.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")

            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await _write(running)
            await _write(running)
    finally:
        await owner.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
        await owner.close()


async def _write(running: TallyService) -> None:
    async with running.transactions.begin() as work:
        await work.db.execute("DELETE FROM heads WHERE order_id = 'nobody'")
