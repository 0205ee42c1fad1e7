"""Health and the ops endpoints of every service: what the console and the command line use."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from asyncpg import Pool, Record
from fastapi import APIRouter, Path, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ConfigDict, Field

from shared import backlog
from shared.contracts.storefront import Storable
from shared.http.operators import UNNAMED, Operator, acted
from shared.http.ops_work import work_routes
from shared.http.problem import Problem, not_found
from shared.http.routes import JsonRoute, problems
from shared.invariants.check import check
from shared.invariants.common import promises_of
from shared.messaging import redrive as parked
from shared.messaging.consumer import Consumer
from shared.messaging.group import ConsumerGroup
from shared.messaging.relay import Relay
from shared.service import Running, Service
from shared.work.worker import Worker

RELAY_STALLED_S = 60.0  # Longer than a send may take, and the end of its producer.
WORKER_STALLED_S = 30.0
INVARIANT_TIMEOUT_S = 20.0

BIGINT_MAX = 2**63 - 1
ParkedId = Annotated[int, Path(ge=0, le=BIGINT_MAX)]
ParkedKey = Annotated[str, Query(min_length=1, max_length=512), Storable]
ParkedType = Annotated[str, Query(max_length=512, alias="type"), Storable]
UNKNOWN = problems(_404="not-found")


@dataclass
class Parts:
    """What runs in this process and can be asked for its progress."""

    consumers: Sequence[Consumer]
    relay: Relay
    worker: Worker | None
    started: bool = False
    draining: bool = False


class Discard(BaseModel):
    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(min_length=1, max_length=500), Storable]


def health_routes(parts: Parts, pool: "Pool[Record]") -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def live(response: Response) -> dict[str, Any]:
        """Progress, not just up: 503 when a part has stopped moving."""
        now = asyncio.get_running_loop().time()
        problems = [
            f"{one.name} stopped by {one.pipeline.breaker.stopped_by}"
            for one in parts.consumers
            if one.pipeline.breaker.stopped_by is not None
        ]
        if parts.relay.progress_at and now - parts.relay.progress_at > RELAY_STALLED_S:
            problems.append("the relay makes no progress")
        if parts.worker and now - (parts.worker.progress_at or now) > WORKER_STALLED_S:
            problems.append("the worker makes no progress")
        response.status_code = 503 if problems else 200
        return {"live": not problems, "problems": problems}

    @router.get("/health/ready")
    async def ready(response: Response) -> dict[str, Any]:
        """Started, in its consumer groups, and not on its way out."""
        waiting = [one.name for one in parts.consumers if not one.assigned]
        is_ready = parts.started and not parts.draining and not waiting
        response.status_code = 200 if is_ready else 503
        return {"ready": is_ready, "waiting_for": waiting}

    @router.get("/metrics")
    async def metrics() -> Response:
        """What waits is measured for each answer."""
        await backlog.measure(pool)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def ops_routes(service: Service, running: Running) -> APIRouter:
    """Looking at what waits; the actions are redrive, discard, and retry of work."""
    router = APIRouter(prefix="/ops", tags=["ops"], route_class=JsonRoute)
    pool = running.pool
    dead_letter_routes(router, {group.name: group for group in service.groups}, running)
    work_routes(router, running)

    @router.get("/outbox")
    async def outbox() -> dict[str, Any]:
        row = await backlog.read_outbox(pool)
        return {
            "rows": row["rows"],
            "set_aside": row["set_aside"],
            "oldest_age_s": row["age"],
        }

    @router.get("/invariants")
    async def invariants() -> dict[str, Any]:
        """Every promise of this service, checked now; a promise that holds names no id."""
        promises = promises_of(service)
        verdicts = await check(pool, promises, INVARIANT_TIMEOUT_S)
        found = [
            {
                "name": one.name,
                "sentence": one.sentence,
                "broken": verdict.named,
                "violations": len(verdict.broken),
                "unchecked": verdict.unchecked,
                "took_ms": round(verdict.took_s * 1000, 1),
            }
            for one, verdict in zip(promises, verdicts, strict=True)
        ]
        holds = not any(one["violations"] or one["unchecked"] for one in found)
        return {"holds": holds, "invariants": found}

    return router


def dead_letter_routes(
    router: APIRouter, groups: Mapping[str, ConsumerGroup], running: Running
) -> None:
    @router.get("/dead-letters")
    async def list_dead_letters(
        after: Annotated[int, Query(ge=0, le=BIGINT_MAX)] = 0,
        limit: Annotated[int, Query(ge=1, le=parked.LIST_MAX)] = 50,
        key: ParkedKey | None = None,
        reason: ParkedKey | None = None,
        event_type: ParkedType | None = None,
    ) -> dict[str, Any]:
        """The first record of each parked key; ``behind`` counts what waits for it.

        ``key`` is an order's id or a storefront's reference, ``reason`` one of the names, ``type``
        an event's, or empty for records that have none.
        """
        wanted = parked.Wanted(key, reason, event_type)
        async with running.pool.acquire() as db:
            found = await parked.list_dead_letters(db, after, limit, wanted)
        return {"dead_letters": found}

    @router.get("/dead-letters/{parked_id}", openapi_extra=UNKNOWN)
    async def show(parked_id: ParkedId) -> dict[str, Any]:
        return parked.describe(await _find(parked_id))

    @router.post("/dead-letters/{parked_id}/redrive", openapi_extra=UNKNOWN)
    async def redrive(
        parked_id: ParkedId, operator: Operator = UNNAMED, dry_run: bool = False
    ) -> dict[str, Any]:
        """Run this key's events again, in order, up to the first that fails."""
        place = await _find(parked_id)
        result = await parked.redrive(
            running.transactions, groups, place, operator, dry_run=dry_run
        )
        act = "dead-letter-tried" if dry_run else "dead-letter-redriven"
        acted(act, operator, parked_id=parked_id, key=_key_of(place), **asdict(result))
        return asdict(result)

    @router.post(
        "/dead-letters/{parked_id}/discard",
        openapi_extra=problems(_404="not-found", _409="not-first"),
    )
    async def discard(
        parked_id: ParkedId, body: Discard, operator: Operator = UNNAMED
    ) -> dict[str, Any]:
        """Drop this record and run what waited behind it."""
        place = await _find(parked_id)
        result = await parked.discard(running.transactions, groups, place, operator, body.reason)
        if result.left < 0:
            raise Problem(409, "not-first", "An earlier record of this key comes first.")
        known = {"parked_id": parked_id, "key": _key_of(place)}
        acted("dead-letter-discarded", operator, **known, **asdict(result))
        return asdict(result)

    async def _find(parked_id: int) -> Any:
        async with running.pool.acquire() as db:
            row = await parked.find(db, parked_id)
        if row is None or row["consumer"] not in groups:
            raise not_found(f"No dead letter {parked_id}.")
        return row


def _key_of(place: Record) -> str:
    return bytes(place["key"]).decode(errors="replace")
