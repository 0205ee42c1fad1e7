"""Of two relays one publishes; the other begins when the first has gone."""

import asyncio
from typing import Any

import pytest
from shared.messaging import relay
from shared.messaging.kafka import KafkaConnection
from shared.messaging.relay import Relay

from tests.support.tally import TallyService
from tests.support.waiting import eventually, throughout


@pytest.fixture
def two(service: TallyService, monkeypatch: pytest.MonkeyPatch) -> list[Relay]:
    """They lead and send nothing: who leads is all that is asked."""

    async def lead(self: Relay, session: Any) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(Relay, "_publish_while_leading", lead)
    monkeypatch.setattr(relay, "LEADER_RETRY_S", 0.05)
    kafka = KafkaConnection("")
    return [Relay(service.dsn, service.pool, kafka, f"orders-{number}") for number in range(2)]


async def test_one_leads_at_a_time_and_the_other_after_it(two: list[Relay]) -> None:
    async def one_leads() -> bool:
        return sum(one.leading for one in two) == 1

    running = {one.instance: asyncio.create_task(one.run()) for one in two}
    try:
        await eventually(one_leads, "one leads")
        await throughout(one_leads, "one leads and no more", 0.5)
        (leader,) = [one for one in two if one.leading]
        (other,) = [one for one in two if not one.leading]
        running[leader.instance].cancel()

        async def other_leads() -> bool:
            return other.leading and not leader.leading

        await eventually(other_leads, "the other leads", 5)
    finally:
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
