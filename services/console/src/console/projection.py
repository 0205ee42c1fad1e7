"""Records become rows of the read model: a batch is three statements, and no record can fail it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.messaging.envelope import Record
from shared.messaging.pipeline import Pipeline
from shared.messaging.retry import retry_transient

from console import store
from console.domain.facts import Fact, Place, fact_of
from console.domain.picture import fold


@dataclass(kw_only=True)
class Projection(Pipeline):
    """Has no inbox: what comes again is known by its place in Kafka, or changes nothing.

    ``secret`` is the key of the hashes that addresses are found by; ``heard`` is told of every
    batch that was kept.
    """

    secret: bytes
    heard: Callable[[Sequence[Fact]], None]

    async def _process(self, records: Sequence[Record]) -> None:
        facts = [self._read(one) for one in records]
        await retry_transient(self.group.name, lambda: self._keep(facts))
        self._count("recorded", len(facts))
        self.heard(facts)

    def _read(self, record: Record) -> Fact:
        headers = {
            name: raw.decode(errors="replace") for name, raw in record.headers if raw is not None
        }
        place = Place(record.topic, record.partition, record.offset)
        return fact_of(place, record.key, headers, record.value, self.secret)

    async def _keep(self, facts: Sequence[Fact]) -> None:
        pictures = fold(facts)
        async with self.transactions.pool.acquire() as db, db.transaction():
            await store.record(db, facts, pictures, await self.transactions.clock.now(db))
