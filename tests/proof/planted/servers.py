"""Kafka and PostgreSQL for the checks that need them: started once, emptied for each check."""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from local_runtime.databases import drop_database
from local_runtime.paths import RunDir
from local_runtime.ports import PortBook
from local_runtime.runtimes.base import Backing, Runtime
from local_runtime.runtimes.choice import build, choose
from local_runtime.runtimes.external import KAFKA_VARIABLE, POSTGRES_VARIABLE


class Servers:
    """Nothing is started before it is asked for. What was there before is left alone."""

    def __init__(self) -> None:
        self._loop = asyncio.Runner()
        self._runtime: Runtime | None = None
        self._run_dir: RunDir | None = None
        self._backing: Backing | None = None
        self._foreign: tuple[set[str], set[str]] = (set(), set())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runtime is not None:
            self._loop.run(self._runtime.stop())
        if self._run_dir is not None:
            self._run_dir.remove()
        self._loop.close()

    def fresh(self) -> Mapping[str, str]:
        """The variables that hold the servers' addresses; nothing of an earlier check is left."""
        backing = self._backing
        if backing is None:
            self._backing = backing = self._loop.run(self._start())
            self._foreign = self._loop.run(_contents(backing))
        else:
            self._loop.run(self._empty(backing))
        return {
            "ORDERPROOF_RUNTIME": "external",
            KAFKA_VARIABLE: backing.kafka,
            POSTGRES_VARIABLE: backing.postgres_admin_dsn,
        }

    async def _start(self) -> Backing:
        self._run_dir = RunDir.at(Path(tempfile.mkdtemp(prefix="orderproof-planted-servers-")))
        name = choose(None, os.environ).name
        self._runtime = build(name, self._run_dir, PortBook(fixed=False), os.environ)
        return await self._runtime.start()

    async def _empty(self, backing: Backing) -> None:
        databases, topics = await _contents(backing)
        for name in databases - self._foreign[0]:
            await drop_database(backing.postgres_admin_dsn, name)
        if made := topics - self._foreign[1]:
            admin = AIOKafkaAdminClient(bootstrap_servers=backing.kafka)
            await admin.start()
            await admin.delete_topics(sorted(made))
            await admin.close()


async def _contents(backing: Backing) -> tuple[set[str], set[str]]:
    """The databases and topics that are there."""
    connection = await asyncpg.connect(backing.postgres_admin_dsn)
    databases = {one[0] for one in await connection.fetch("SELECT datname FROM pg_database")}
    await connection.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=backing.kafka)
    await admin.start()
    topics = {one for one in await admin.list_topics() if not one.startswith("__")}
    await admin.close()
    return databases, topics
