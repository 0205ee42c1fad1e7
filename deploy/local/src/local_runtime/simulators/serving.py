"""Serves an aiohttp application until the process is told to stop; on loopback unless told."""

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from aiohttp import web

HOST = "127.0.0.1"
SHUTDOWN_TIMEOUT_S = 0.1
GC_ALLOCATIONS = 20_000


@asynccontextmanager
async def serving(
    application: web.Application, port: int = 0, host: str = HOST
) -> AsyncIterator[str]:
    """Yield the base URL; port 0 takes a free one.

    Handlers may hold a connection for a minute on purpose, so stopping does not wait for them.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def add_host(parser: argparse.ArgumentParser) -> None:
    """The option that a container needs: its loopback is reached by nobody."""
    parser.add_argument("--host", default=HOST, help=f"address to listen on; {HOST} by default")


def stop_event() -> asyncio.Event:
    """Set on SIGTERM or SIGINT; asked for before the start is announced, so none is missed."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


def run(process: Coroutine[None, None, None]) -> None:
    """Run to the end; a port that is taken ends the process with a sentence, not a traceback."""
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS)  # What a simulator keeps grows, and stays to its end.
    try:
        asyncio.run(process)
    except OSError as error:
        sys.exit(f"cannot start: {error}")


async def live(_: web.Request) -> web.Response:
    return web.json_response({"status": "live"})


async def ready(_: web.Request) -> web.Response:
    return web.json_response({"status": "ready"})
