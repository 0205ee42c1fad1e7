"""The provider's book: every operation it did, and the answer it owes to each key."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_runtime.simulators.charges import Charge, OperationName, Refused
from local_runtime.simulators.journal import Journal


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    op: OperationName
    order_id: str
    key: str
    charge_id: str
    amount_minor: int
    currency: str
    ok: bool
    at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The first result under a key, byte for byte."""

    http_status: int
    body: str
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book: what was done, what it left, what was answered to whom."""

    operation: Operation
    charge: Charge
    fingerprint: str
    answer: Answer


class Book:
    """An operation counts as done once its entry is written; memory only follows the file."""

    def __init__(self, path: Path | None = None) -> None:
        self.charges: dict[str, Charge] = {}
        self.operations: list[Operation] = []
        self._entries: dict[str, Entry] = {}
        self._in_flight: dict[str, str] = {}
        self._journal = Journal(path)
        for record in self._journal.replay():
            self._keep(_entry(record))

    def admit(self, key: str, fingerprint: str) -> Answer | Refused | None:
        """The stored answer, why the key cannot be used now, or None for a new call."""
        entry = self._entries.get(key)
        known = entry.fingerprint if entry else self._in_flight.get(key)
        if known is None:
            return None
        if known != fingerprint:
            return Refused("key-reused")
        return entry.answer if entry else Refused("key-in-flight", 409)

    def claim(self, key: str, fingerprint: str) -> None:
        self._in_flight[key] = fingerprint

    def release(self, key: str) -> None:
        del self._in_flight[key]

    def record(self, entry: Entry) -> None:
        assert entry.operation.key not in self._entries, "a key does one operation"
        self._journal.append(asdict(entry))
        self._keep(entry)

    def charges_under(self, key: str) -> list[Charge]:
        return [
            self.charges[operation.charge_id]
            for operation in self.operations_under(key)
            if self.charges[operation.charge_id].key == key
        ]

    def operations_under(self, key: str) -> list[Operation]:
        entry = self._entries.get(key)
        return [entry.operation] if entry else []

    def close(self) -> None:
        self._journal.close()

    def _keep(self, entry: Entry) -> None:
        self.charges[entry.charge.id] = entry.charge
        self.operations.append(entry.operation)
        self._entries[entry.operation.key] = entry


def _entry(record: dict[str, Any]) -> Entry:
    return Entry(
        operation=Operation(**record["operation"]),
        charge=Charge(**record["charge"]),
        fingerprint=record["fingerprint"],
        answer=Answer(**record["answer"]),
    )
