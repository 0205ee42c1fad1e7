"""Teaches the Java runtime the broker's start, once, in the background: it halves later boots."""

import asyncio
import fcntl
import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local_runtime.jars import KafkaLock
from local_runtime.paths import cache_dir, kafka_lock_file
from local_runtime.ports import PortBook
from local_runtime.runtimes.kafka import KafkaNode, Seat, startup_cache
from local_runtime.runtimes.server import run_to_end

_TIMEOUT_S = 300.0
_logger = logging.getLogger(__name__)


class _Trainee(KafkaNode):
    """A broker of its own, at the lowest priority, that writes down what it loads."""

    launcher = ("nice", "-n", "19")
    mode: Sequence[str] = ()

    def startup_options(self) -> Sequence[str]:
        return self.mode


async def train_once(log: Path) -> None:
    """Fill the startup cache when it is empty; a failure costs nothing but the gain."""
    jars = cache_dir() / KafkaLock.read(kafka_lock_file()).folder
    if startup_cache(jars).exists():
        return
    with _alone(jars) as alone:
        if not alone:
            return
        try:
            await _train(jars / "training", log, startup_cache(jars))
        except Exception:
            _logger.info("the start of Kafka could not be learnt", exc_info=True)
        finally:
            shutil.rmtree(jars / "training", ignore_errors=True)


async def _train(folder: Path, log: Path, target: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    ports = PortBook(fixed=False)
    node = _Trainee(folder, log, port=ports.take(0), seat=Seat(1, {1: ports.take(0)}))
    await node.fetch_jars()
    await node.prepare()
    try:
        node.mode = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={folder / 'classes'}")
        await node.start(_TIMEOUT_S)
        await node.stop(_TIMEOUT_S)
    except BaseException:
        await node.abandon()
        raise
    written = folder / target.name
    node.mode = (
        "-XX:AOTMode=create",
        f"-XX:AOTConfiguration={folder / 'classes'}",
        f"-XX:AOTCache={written}",
    )
    await run_to_end(node.java(), "the writing of the startup cache", _TIMEOUT_S)
    written.replace(target)


@contextmanager
def _alone(jars: Path) -> Iterator[bool]:
    """Whether nobody else trains now."""
    with (jars / "training.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def in_background(log: Path) -> asyncio.Task[None]:
    """Train beside other work; cancelling the task ends it at once."""
    return asyncio.create_task(train_once(log))
