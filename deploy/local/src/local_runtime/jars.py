"""The broker's jars: named and hashed in a committed lock, fetched once, verified, cached."""

import hashlib
import logging
import os
import shutil
import tomllib
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FETCHES_AT_ONCE = 8


class JarError(RuntimeError):
    """A jar is missing and cannot be fetched, or its bytes are not the locked ones."""


@dataclass(frozen=True)
class Jar:
    """One artifact with the hash its bytes must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """The name by which Maven repositories know it."""
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def filename(self) -> str:
        """Its file's name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


@dataclass(frozen=True)
class KafkaLock:
    """All that the broker needs."""

    kafka_version: str
    jars: tuple[Jar, ...]

    @classmethod
    def read(cls, file: Path) -> "KafkaLock":
        """Parse the lock; refuse one whose client is not of the broker's version."""
        content = tomllib.loads(file.read_text())
        lock = cls(content["kafka_version"], tuple(Jar(**jar) for jar in content["jar"]))
        for artifact in ("kafka-clients", "kafka-server", "kafka_2.13"):
            if lock.version_of(artifact) != lock.kafka_version:
                raise JarError(
                    f"{artifact} is {lock.version_of(artifact)}, the broker {lock.kafka_version}"
                )
        return lock

    def version_of(self, artifact: str) -> str:
        """The locked version of one artifact."""
        return next(jar.version for jar in self.jars if jar.artifact == artifact)

    @property
    def folder(self) -> str:
        """A cache folder's name that changes with any change of the lock."""
        digest = hashlib.sha256("".join(jar.sha256 for jar in self.jars).encode()).hexdigest()
        return f"kafka-{self.kafka_version}-{digest[:12]}"


def missing(lock: KafkaLock, cache: Path) -> list[Jar]:
    """The jars that are not in the cache yet."""
    return [jar for jar in lock.jars if not (cache / lock.folder / jar.filename).exists()]


def fetch(lock: KafkaLock, cache: Path) -> list[Path]:
    """The class path: every jar in the cache, each with the locked bytes."""
    folder = cache / lock.folder
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [jar for jar in lock.jars if not _is_good(folder / jar.filename, jar)]
    if wanted:
        _download(wanted, folder)
    return [folder / jar.filename for jar in lock.jars]


def _is_good(file: Path, jar: Jar) -> bool:
    return file.exists() and sha256_of(file) == jar.sha256


def sha256_of(file: Path) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def maven_context(repository: Path) -> Any:
    """The pure-Python Maven client, which keeps what it downloads in ``repository``."""
    logging.getLogger("jgo").addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from jgo.maven import MavenContext
    return MavenContext(repo_cache=repository, local_repos=[], timeout=60)


def _download(wanted: list[Jar], folder: Path) -> None:
    # A download that is cut short stays in here and never becomes a cached jar.
    staging = folder / f"staging-{os.getpid()}"
    context = maven_context(staging)
    try:
        with ThreadPoolExecutor(_FETCHES_AT_ONCE) as pool:
            list(pool.map(lambda jar: _download_one(context, jar, folder), wanted))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _download_one(context: Any, jar: Jar, folder: Path) -> None:
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    try:
        file = Path(component.artifact().resolve())
    except Exception as error:
        raise JarError(
            f"{jar.coordinate} is not cached and could not be fetched: {error}"
        ) from error
    if not _is_good(file, jar):
        raise JarError(f"{jar.coordinate}: the fetched bytes are not the locked ones")
    file.replace(folder / jar.filename)
