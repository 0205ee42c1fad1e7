"""Offsets: committed after the work, not for each batch, and all of them once it is quiet."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from shared.messaging import consumer as module
from shared.messaging.broker import new_broker
from shared.messaging.consumer import Consumer
from shared.messaging.group import ConsumerGroup
from shared.messaging.pipeline import Pipeline

RECORD: Any = ConsumerRecord("orders.events.v1", 0, 1, 0, 0, None, None, None, 0, 0, ())


@dataclass
class Message:
    """A batch as FastStream gives it; what is not ``committed`` it commits afterwards."""

    raw_message: tuple[Any, ...] = (RECORD,)
    committed: Any = None


@dataclass
class Broker:
    commits: int = 0
    polled: list[Any] = field(default_factory=list)
    waits_ms: list[int] = field(default_factory=list)

    async def getmany(self, timeout_ms: int, **_: Any) -> Any:
        self.waits_ms.append(timeout_ms)
        return self.polled.pop(0)

    async def commit(self) -> None:
        self.commits += 1

    def assignment(self) -> set[Any]:
        return set()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def consumer(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Any:
    nothing: Any = None
    pipeline = Pipeline("tally", ConsumerGroup("tally", ("orders.events.v1",), {}), nothing)
    made = Consumer(
        new_broker(["127.0.0.1:1"], None, "test"), pipeline, "test-0", "", lambda _: None
    )

    async def process(_: Any) -> None:
        pass

    monkeypatch.setattr(pipeline, "process", process)
    monkeypatch.setattr(type(made._subscriber), "consumer", broker, raising=False)
    made.watch()
    return made


async def consumed(consumer: Any) -> bool:
    """Whether FastStream commits after the batch."""
    message = Message()
    await consumer._consume(message)
    return message.committed is None


async def test_batches_that_follow_each_other_are_committed_together(consumer: Any) -> None:
    assert [await consumed(consumer) for _ in range(4)] == [True, False, False, False]


async def test_a_batch_after_a_while_is_committed_with_it(
    consumer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_INTERVAL_S", 0.0)

    assert [await consumed(consumer) for _ in range(3)] == [True, True, True]


async def test_once_nothing_comes_the_rest_is_committed_once(consumer: Any, broker: Broker) -> None:
    broker.polled = [{"place": [1]}, {}, {}]
    await consumed(consumer)
    await consumed(consumer)
    await broker.getmany(timeout_ms=1, max_records=1)
    assert broker.commits == 0

    for _ in range(2):
        await broker.getmany(timeout_ms=1, max_records=1)
    assert broker.commits == 1


async def test_who_has_nothing_to_commit_waits_longer(consumer: Any, broker: Broker) -> None:
    broker.polled = [{"place": [1]}, {}, {}]
    await broker.getmany(timeout_ms=1, max_records=1)
    await consumed(consumer)
    await consumed(consumer)

    for _ in range(2):
        await broker.getmany(timeout_ms=1, max_records=1)

    assert broker.waits_ms == [module.WAIT_MS, module.WAIT_MS, module.IDLE_WAIT_MS]
