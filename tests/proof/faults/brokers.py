"""Brokers of a cluster of three that die, stop, come back, or lose what they kept."""

import asyncio
import contextlib
import random
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from local_runtime.runtimes.kafka import KafkaNode

from tests.proof import quorum
from tests.proof.arena import Arena
from tests.proof.fault import Fault, Witness
from tests.proof.faults.probes import Probes
from tests.support.waiting import eventually, pause

TOPIC, GROUP = "orders.events.v1", "payments"
KILLED_STALL_MAX_S, STOPPED_STALL_MAX_S = 15.0, 20.0
NO_MAJORITY_S, ALL_DOWN_S = 12.0, 20.0
IN_SYNC_WITHIN_S = 60.0


async def _leader(arena: Arena, luck: random.Random) -> int:
    found = await quorum.partitions_of(_kafka(arena), arena.system.config.topic_prefix + TOPIC)
    return luck.choice([one.leader for _, one in sorted(found.items())])


async def _coordinator(arena: Arena, _: random.Random) -> int:
    return await quorum.coordinator_of(_kafka(arena), arena.system.config.topic_prefix + GROUP)


async def _controller(arena: Arena, _: random.Random) -> int:
    return await quorum.controller_of(_kafka(arena))


ROLES: dict[str, Callable[[Arena, random.Random], Awaitable[int]]] = {
    f"a leader of {TOPIC}": _leader,
    f"the coordinator of {GROUP}": _coordinator,
    "the controller": _controller,
}


async def kill_one(arena: Arena, luck: random.Random) -> Witness:
    """SIGKILL one of three; orders go on without it, and it comes back in sync."""
    role, broker = await _drawn(arena, luck)
    pid = broker.pid
    await arena.system.take_down(broker.name)
    assert broker.pid is None, f"{broker.name} is gone"
    try:
        stalled_s = await _stall_s(arena, KILLED_STALL_MAX_S)
        assert broker.pid is None, f"{broker.name} was away all the time"
    finally:
        await arena.system.bring_back(broker.name)
    await _in_sync(arena)
    return Witness(
        f"{broker.name}, {role}, pid {pid}, died of SIGKILL; without it the next order was "
        f"decided after {stalled_s:.1f} s; it is in sync again"
    )


async def stop_one(arena: Arena, luck: random.Random) -> Witness:
    """SIGSTOP one of three: its connections stay, and nothing comes over them."""
    role, broker = await _drawn(arena, luck)
    assert broker.pid is not None
    broker.pause()
    try:
        stalled_s = await _stall_s(arena, STOPPED_STALL_MAX_S)
        assert psutil.Process(broker.pid).status() == psutil.STATUS_STOPPED
    finally:
        broker.resume()
    await _in_sync(arena)
    return Witness(
        f"{broker.name}, {role}, was stopped; meanwhile the next order was decided after "
        f"{stalled_s:.1f} s; it is in sync again"
    )


async def two_down(arena: Arena, luck: random.Random) -> Witness:
    """Two of three away: nothing can be acknowledged, the API accepts orders all the same."""
    lost = luck.sample(arena.servers.brokers, 2)
    return await _away(arena, lost, NO_MAJORITY_S)


async def all_down(arena: Arena, _: random.Random) -> Witness:
    """No Kafka at all, scaled to seconds: orders wait in PostgreSQL."""
    return await _away(arena, arena.servers.brokers, ALL_DOWN_S)


async def disk_lost(arena: Arena, luck: random.Random) -> Witness:
    """A broker comes back with an empty disk, and gets all its records from the others."""
    broker = luck.choice(arena.servers.brokers)
    await arena.system.take_down(broker.name)
    try:
        await asyncio.to_thread(broker.forget)
        stalled_s = await _stall_s(arena, KILLED_STALL_MAX_S)
    finally:
        await arena.system.bring_back(broker.name)
    await _in_sync(arena)
    return Witness(
        f"{broker.name} lost its disk; without it the next order was decided after "
        f"{stalled_s:.1f} s; all replicas are in sync again"
    )


async def disk_full(arena: Arena, luck: random.Random) -> Witness:
    """A broker's disk is full: it ends by itself, again and again, until there is room."""
    broker = luck.choice(arena.servers.brokers)
    async with _small_disk(arena, broker) as disk:
        pid = broker.pid
        await asyncio.to_thread(disk.fill)
        try:
            stalled_s = await _stall_s(arena, KILLED_STALL_MAX_S)
            await eventually(lambda: _is_other(broker, pid), f"{broker.name} ended by itself")
        finally:
            disk.make_room()
        await arena.system.wait_replaced(broker.name, pid, timeout_s=60)
    await _in_sync(arena)
    return Witness(
        f"{broker.name} ended by itself on its full disk; meanwhile the next order was decided "
        f"after {stalled_s:.1f} s; it is in sync again"
    )


async def _away(arena: Arena, lost: Sequence[KafkaNode], away_s: float) -> Witness:
    async with Probes.of(arena) as probes:
        for broker in lost:
            await arena.system.take_down(broker.name)
        try:
            waiting = await _accepting(arena, probes, away_s)
        finally:
            await asyncio.gather(*(arena.system.bring_back(one.name) for one in lost))
    await _in_sync(arena)
    names = ", ".join(one.name for one in lost)
    return Witness(
        f"{names} died of SIGKILL; for {away_s:g} s {probes.statuses[201]} of "
        f"{probes.statuses.total()} orders were accepted, {waiting} events waited"
    )


async def _accepting(arena: Arena, probes: Probes, away_s: float) -> int:
    """Orders are accepted all the while; gives how many events wait in the outbox at the end."""
    end_at = time.monotonic() + away_s
    while time.monotonic() < end_at:
        await probes.ask()
        await pause(0.5)
    waiting = (await arena.shop.get(arena.shop.url("orders") + "/ops/outbox")).body["rows"]
    assert set(probes.statuses) == {201}, probes.statuses
    assert waiting >= probes.statuses[201], "what was accepted waits in the outbox"
    return int(waiting)


async def _drawn(arena: Arena, luck: random.Random) -> tuple[str, KafkaNode]:
    role = luck.choice(list(ROLES))
    node_id = await ROLES[role](arena, luck)
    return role, next(one for one in arena.servers.brokers if one.seat.node_id == node_id)


async def _stall_s(arena: Arena, at_most_s: float) -> float:
    """Seconds until an order placed now is decided."""
    started = time.monotonic()
    order = await arena.load.buy()
    (order_id,) = order.order_ids
    await arena.shop.outcome(order_id, at_most_s)
    return time.monotonic() - started


async def _in_sync(arena: Arena) -> None:
    """Every partition of the facts is on all three again."""
    topic = arena.system.config.topic_prefix + TOPIC

    async def look() -> bool:
        try:
            found = await quorum.partitions_of(_kafka(arena), topic)
        except Exception:
            return False
        return all(len(one.in_sync) == len(arena.servers.brokers) for one in found.values())

    await eventually(look, "all replicas in sync", IN_SYNC_WITHIN_S)


async def _is_other(broker: KafkaNode, pid: int | None) -> bool:
    return broker.pid != pid


@asynccontextmanager
async def _small_disk(arena: Arena, broker: KafkaNode) -> AsyncIterator["SmallDisk"]:
    """The broker's data moves to a small file system of its own, and back."""
    disk = SmallDisk(broker)
    await arena.system.take_down(broker.name)
    try:
        await disk.move_in()
        await arena.system.bring_back(broker.name)
        yield disk
    finally:
        await arena.system.take_down(broker.name)
        await disk.move_out()
        with contextlib.suppress(Exception):
            await arena.system.bring_back(broker.name)


class SmallDisk:
    """A tmpfs in the place of a broker's data; making one takes root."""

    SIZE_MB = 96

    def __init__(self, broker: KafkaNode) -> None:
        self._data = broker.data
        self._kept = broker.data.with_name("data-kept")
        self._filler = broker.data / ".filler"

    async def move_in(self) -> None:
        self._data.rename(self._kept)
        self._data.mkdir()
        await _tool("mount", "-t", "tmpfs", "-o", f"size={self.SIZE_MB}m", "tmpfs", self._data)
        await asyncio.to_thread(
            shutil.copytree, self._kept, self._data, dirs_exist_ok=True, copy_function=_sparse
        )

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(64 * 1024))

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    async def move_out(self) -> None:
        if self._data.is_mount():
            shutil.rmtree(self._kept)
            self._filler.unlink(missing_ok=True)
            await asyncio.to_thread(shutil.copytree, self._data, self._kept, copy_function=_sparse)
            await _tool("umount", self._data)
        if self._kept.exists():
            self._data.rmdir()
            self._kept.rename(self._data)


def _sparse(source: str, target: str) -> str:
    """Copy a file without its holes: an index is 10 MB of nothing at first."""
    with Path(source).open("rb") as read, Path(target).open("wb") as write:
        while chunk := read.read(4096):
            if chunk.count(0) == len(chunk):
                write.seek(len(chunk), 1)
            else:
                write.write(chunk)
        write.truncate()
    shutil.copystat(source, target)
    return target


async def _tool(*argv: object) -> None:
    process = await asyncio.create_subprocess_exec(*map(str, argv))
    assert await process.wait() == 0, f"{argv[0]} failed"


def _kafka(arena: Arena) -> str:
    return arena.system.addresses.kafka


FAULTS = [
    Fault("F5", "a broker killed: leader, coordinator or controller", kill_one, "cluster"),
    Fault("F6", "a broker stopped", stop_one, "cluster"),
    Fault("F7", "two of three brokers down", two_down, "cluster"),
    Fault("F8", "all brokers down", all_down, "cluster"),
    Fault("F9.lost", "a broker's disk replaced by an empty one", disk_lost, "cluster"),
    Fault("F9.full", "a broker's disk full", disk_full, "cluster"),
]
