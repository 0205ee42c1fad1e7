"""Partners, their keys and their endpoints over the notifications service's HTTP."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from local_runtime.service_calls import CallError, Calls, Json

SERVICE = "notifications"
PATH = "/ops/partners"
PAGE_ROWS = 200

Tell = Callable[[str], Any]


async def add(calls: Calls, request: Json) -> Json:
    """The partner with its first key, which the service tells this once."""
    return await calls.post(SERVICE, PATH, request)


async def list_partners(calls: Calls) -> list[Json]:
    """All of them by name, with their keys."""
    return (await _rows(calls, PATH, "partners"))[0]


async def find(calls: Calls, name: str) -> Json:
    """The partner with its keys and its endpoints."""
    partner = await calls.get(SERVICE, _path(name))
    endpoints, _ = await _rows(calls, _path(name, "webhook-endpoints"), "endpoints")
    return {**partner, "endpoints": endpoints}


async def grant_addresses(calls: Calls, name: str, *, granted: bool) -> Json:
    """The partner as it is from now on."""
    return await calls.patch(SERVICE, _path(name), {"sees_addresses": granted})


async def add_key(calls: Calls, name: str, request: Json) -> Json:
    return await calls.post(SERVICE, _path(name, "keys"), request)


async def revoke_key(calls: Calls, name: str, key_id: str, *, at_once: bool) -> Json:
    path = _path(name, "keys", key_id, "revoke")
    return await calls.post(SERVICE, path, at_once=str(at_once).lower())


async def add_endpoint(calls: Calls, name: str, request: Json) -> Json:
    """The endpoint with its secret, which the service tells this once."""
    return await calls.post(SERVICE, _path(name, "webhook-endpoints"), request)


async def remove_endpoint(calls: Calls, name: str, endpoint_id: str) -> None:
    await calls.delete(SERVICE, endpoint_path(name, endpoint_id))


async def set_enabled(calls: Calls, name: str, endpoint_id: str, *, enabled: bool) -> Json:
    return await calls.patch(SERVICE, endpoint_path(name, endpoint_id), {"enabled": enabled})


async def rotate(calls: Calls, name: str, endpoint_id: str, secret: str | None) -> Json:
    """The endpoint with its new secret: ``secret``, or one that the service makes."""
    body = {} if secret is None else {"secret": secret}
    return await calls.post(SERVICE, endpoint_path(name, endpoint_id, "rotate-secret"), body)


async def send_test(calls: Calls, name: str, endpoint_id: str) -> Json:
    return await calls.post(SERVICE, endpoint_path(name, endpoint_id, "test"))


async def deliveries(
    calls: Calls, name: str, endpoint_id: str, filters: Mapping[str, str], limit: int
) -> tuple[list[Json], bool]:
    """The newest first, ``limit`` at most, and whether there are more."""
    path = endpoint_path(name, endpoint_id, "deliveries")
    return await _rows(calls, path, "deliveries", filters, limit)


async def delivery(calls: Calls, name: str, endpoint_id: str, delivery_id: int) -> Json:
    """One with its body and its attempts."""
    path = endpoint_path(name, endpoint_id, "deliveries", str(delivery_id))
    return await calls.get(SERVICE, path)


async def replay(calls: Calls, path: str, what: Json, tell: Tell) -> Json:
    """Ask until there is no more; how many events are sent again, and in how many requests."""
    replayed, requests = 0, 0
    cursor: str | None = None
    while True:
        body = what if cursor is None else {**what, "cursor": cursor}
        try:
            answer = await calls.post(SERVICE, path, body)
        except CallError as error:
            if not requests:
                raise
            raise CallError(f"{error}; {_half_done(what, replayed, cursor)}") from error
        replayed, requests = replayed + answer["replayed"], requests + 1
        cursor = answer["next_cursor"]
        tell(f"{replayed} to be sent again so far")
        if cursor is None:
            return {"replayed": replayed, "requests": requests}


def endpoint_path(name: str, endpoint_id: str, *more: str) -> str:
    return _path(name, "webhook-endpoints", endpoint_id, *more)


def _path(*parts: str) -> str:
    return "/".join((PATH, *(quote(part, safe="") for part in parts)))


async def _rows(
    calls: Calls,
    path: str,
    member: str,
    filters: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> tuple[list[Json], bool]:
    """What the pages hold, up to ``limit``, and whether there is more."""
    found: list[Json] = []
    query: dict[str, str | int] = dict(filters or {})
    while True:
        rows = PAGE_ROWS if limit is None else min(PAGE_ROWS, limit - len(found))
        page = await calls.get(SERVICE, path, **query, limit=rows)
        found += page[member]
        cursor = page["next_cursor"]
        if cursor is None or len(found) == limit:
            return found, cursor is not None
        query["cursor"] = cursor


def _half_done(what: Json, replayed: int, cursor: str | None) -> str:
    """Where to go on: what is open again is no longer failed, a place in the log stays one."""
    again = "run the same command again" if "failed" in what else f"go on with --after {cursor}"
    return f"before that {replayed} were set to be sent again; {again}"
