"""What Kafka has is removed by the next look, and none is made for that alone but after a while."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from shared.messaging import relay
from shared.messaging.kafka import KafkaConnection
from shared.messaging.relay import Relay

from tests.support.waiting import eventually, throughout

Row = dict[str, Any]
FOR_EVER_S = 1_000.0


@dataclass
class Outbox:
    """In place of the pool: gives what is unsent, and keeps what each look removed."""

    unsent: list[Row] = field(default_factory=list)
    removed: list[list[int]] = field(default_factory=list)

    async def fetch(self, _: str, *arguments: Any) -> list[Row]:
        acked: list[int] = arguments[3]
        self.removed.append(acked)
        self.unsent = [one for one in self.unsent if one["id"] not in acked]
        return list(self.unsent)

    async def execute(self, _: str, acked: list[int]) -> None:
        self.removed.append(acked)


class Producer:
    """Acknowledges at once."""

    async def partitions_for(self, _: str) -> set[int]:
        return {0}

    async def send(self, *_: Any, **__: Any) -> "asyncio.Future[object]":
        acked: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        acked.set_result(None)
        return acked

    async def stop(self) -> None: ...


def row(number: int, key: bytes) -> Row:
    content = {"topic": "notes.v1", "headers": b"[]", "payload": b"{}"}
    return {"id": number, "shard": number % 16, "key": key, **content}


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    async def producer(*_: Any) -> Producer:
        return Producer()

    monkeypatch.setattr(relay, "new_producer", producer)
    monkeypatch.setattr(relay, "REMOVED_WITHIN_S", FOR_EVER_S)
    return Outbox([row(1, b"a")])


@pytest.fixture
async def relaying(outbox: Outbox) -> AsyncIterator[Relay]:
    pool: Any = outbox
    relaying = Relay("", pool, KafkaConnection(""), "orders-0")
    task = asyncio.create_task(relaying._publish_forever())
    yield relaying
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def looked(outbox: Outbox, times: int) -> None:
    async def enough() -> bool:
        return len(outbox.removed) >= times

    await eventually(enough, f"{times} looks")


async def test_who_has_told_all_there_is_looks_again_when_woken(
    outbox: Outbox, relaying: Relay
) -> None:
    await looked(outbox, 1)

    async def no_more_looks() -> bool:
        return len(outbox.removed) == 1

    await throughout(no_more_looks, "one look tells and removes nothing", 0.15)
    relaying.wake()
    await looked(outbox, 2)

    assert outbox.removed[1] == [1]


async def test_what_waited_for_the_first_of_its_key_is_told_at_once(
    outbox: Outbox, relaying: Relay
) -> None:
    outbox.unsent.append(row(2, b"a"))

    await looked(outbox, 2)

    assert outbox.removed[1] == [1]


async def test_it_is_removed_though_nobody_comes(
    outbox: Outbox, relaying: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "REMOVED_WITHIN_S", 0.01)

    await looked(outbox, 2)

    assert outbox.removed[1] == [1]
