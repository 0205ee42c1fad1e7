"""The services that run in a run directory, for the commands that call them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from local_runtime.commands.options import Output, existing
from local_runtime.config import SERVICES
from local_runtime.endpoints import read_json
from local_runtime.run_lock import holder

if TYPE_CHECKING:
    from local_runtime.service_calls import Calls

T = TypeVar("T")


def running_endpoints(run_dir: Path, output: Output) -> dict[str, Any]:
    """The content of ``endpoints.json``; ends the command when nothing runs."""
    place = existing(run_dir)
    endpoints = read_json(place.endpoints) if holder(place) else None
    if endpoints is None:
        raise output.fail(f"no stack runs in {place.root}; start one with: orderproof up --detach")
    return endpoints


def running_services(run_dir: Path, output: Output, only: str | None = None) -> dict[str, str]:
    """Base URLs by service; ends the command when nothing runs or ``only`` is not there."""
    endpoints = running_endpoints(run_dir, output)
    found = {name: str(endpoints[name]) for name in SERVICES if endpoints.get(name)}
    if only is None:
        return found
    if only not in found:
        raise output.fail(f"no service {only!r}; there are: {', '.join(found)}", code=2)
    return {only: found[only]}


def ask(
    addresses: Mapping[str, str],
    output: Output,
    act: Callable[["Calls"], Awaitable[T]],
    operator: str | None = None,
) -> T:
    """What ``act`` learns from the services; ends the command when a call fails."""
    from local_runtime.service_calls import CallError, calls_to

    async def asked() -> T:
        async with calls_to(addresses, {"X-Operator": operator} if operator else {}) as calls:
            return await act(calls)

    try:
        return asyncio.run(asked())
    except CallError as error:
        raise output.fail(str(error)) from error
