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
