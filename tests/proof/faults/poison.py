"""Records that no consumer can apply, and a handler that fails: parked, looked at, put right."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp

from tests.proof.arena import Arena
from tests.support.waiting import eventually

GROUPS = ("payments", "inventory", "notifications")
PARKED_WITHIN_S = 15.0


def headers_of(event_id: str, **more: bytes | None) -> list[tuple[str, Any]]:
    """Headers of a CloudEvent as orders would send it; ``more`` replaces some."""
    headers: dict[str, bytes | None] = {
        "ce_specversion": b"1.0",
        "ce_id": event_id.encode(),
        "ce_type": b"orders.order-expired.v1",
        "ce_source": b"/orderproof/orders.events.v1",
        "ce_sequence": b"0000000001",
        "content-type": b"application/json",
    }
    return [*{**headers, **more}.items()]


# A value, and headers that replace the good ones.
POISONS: dict[str, tuple[bytes | None, dict[str, bytes | None]]] = {
    "bad-bytes": (b"\xff\xfe\x00", {}),
    "bad-json": (b'{"order_id": ', {}),
    "wrong-shape": (b'{"order_id": 7}', {}),
    "no-value": (None, {}),
    "null-header": (b"{}", {"x_note": None}),
    "non-utf8-header": (b"{}", {"x_note": b"\xff\xfe"}),
    "no-id": (b"{}", {"ce_id": b""}),
}


async def first_parked(arena: Arena, service: str, key: str) -> dict[str, Any]:
    """The dead letter at the head of ``key``, once it is parked."""

    async def look() -> dict[str, Any] | None:
        found = await arena.shop.dead_letters(service)
        return next((one for one in found if one["key"] == key), None)

    return await eventually(look, f"{key} parked in {service}", PARKED_WITHIN_S) or {}


async def discard(arena: Arena, service: str, key: str) -> None:
    parked = await first_parked(arena, service, key)
    url = f"{arena.shop.url(service)}/ops/dead-letters/{parked['id']}/discard"
    answer = await arena.shop.post(url, {"reason": "of the proof"}, **{"X-Operator": "proof"})
    assert answer.status == 200, answer.body


@dataclass
class Parked:
    """An order that inventory could not handle."""

    arena: Arena
    order_id: str
    id: int

    async def redrive(self) -> bool:
        """Whether nothing of it is left."""
        base = f"{self.arena.shop.url('inventory')}/ops/dead-letters"
        try:
            url, operator = f"{base}/{self.id}/redrive", {"X-Operator": "proof"}
            answer = await self.arena.shop.post(url, {}, **operator)
        except (aiohttp.ClientError, TimeoutError):
            return False
        # Not found: an earlier attempt, whose answer was lost, had done it all.
        return answer.status == 404 or (answer.status == 200 and answer.body["left"] == 0)

    async def redriven(self) -> None:
        await eventually(self.redrive, f"{self.order_id} redriven")


@asynccontextmanager
async def handler_bug(arena: Arena) -> AsyncIterator[Parked]:
    """An order that a bug in inventory's handler has parked; inside the block the bug is mended."""
    sku = f"{arena.load.run}-bug-{uuid4().hex[:6]}"
    await arena.load.receive({sku: 10})
    switch = arena.shop.crash_dir / "bug"
    switch.write_text(sku)
    try:
        intent = await arena.load.buy(sku=sku)
        order_id = min(intent.order_ids)
        parked = await first_parked(arena, "inventory", order_id)
        assert parked["error"] == "PlantedBug", parked
    finally:
        switch.unlink()
    yield Parked(arena, order_id, parked["id"])
