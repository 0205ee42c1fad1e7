"""Brokers that keep their connections and answer nothing: nobody waits for one a second time."""

import asyncio
from typing import Any

from aiokafka import client
from aiokafka.conn import create_conn as connect
from aiokafka.errors import KafkaError

Address = tuple[str, int]
_asked: dict[Address, "asyncio.Task[None]"] = {}


def avoid_silent_brokers() -> None:
    """For every Kafka client of this process, from its next connection on.

    aiokafka asks any broker for leaders and coordinators, a stopped one as likely as the others,
    makes one connection at a time, and waits for it as long as for a request. So whoever has to
    do with two of three living brokers may stand still behind the third for many such waits.
    """
    client.create_conn = create_conn


async def create_conn(host: str, port: int, **options: Any) -> Any:
    """aiokafka's, but for a broker that was silent, which fails at once until it answers again.

    Raises ``TimeoutError`` for one that is silent, ``ConnectionError`` for one that was.
    """
    address = (host, port)
    if address in _asked:
        raise ConnectionError(f"{host}:{port} does not answer")
    try:
        return await connect(host, port, **options)
    except TimeoutError:
        if address not in _asked:
            _asked[address] = asyncio.create_task(_ask(address, options))
        raise


async def _ask(address: Address, options: dict[str, Any]) -> None:
    """Until it answers, or is gone: who refuses a connection keeps nobody waiting."""
    try:
        while True:
            try:
                answered = await connect(*address, **{**options, "on_close": None})
            except TimeoutError:
                continue  # After the time of a request; so this is no busy loop.
            except (OSError, KafkaError):
                return
            answered.close()
            return
    finally:
        del _asked[address]
