"""The lock of the broker's jars, and a cache that is never trusted unread."""

import hashlib
import re
from pathlib import Path

import pytest
from local_runtime import jars
from local_runtime.jars import Jar, JarError, KafkaLock, fetch, missing
from local_runtime.paths import kafka_lock_file

_GOOD = b"the locked bytes"
_JAR = Jar("org.example", "thing", "1.0", hashlib.sha256(_GOOD).hexdigest())
_LOCK = KafkaLock("4.4.0", (_JAR,))


class _Repository:
    """Gives every coordinate the same bytes."""

    def __init__(self, folder: Path, content: bytes | None) -> None:
        self._file = folder / "downloaded.jar"
        self._content = content

    def project(self, group: str, artifact: str) -> "_Repository":
        return self

    def at_version(self, version: str) -> "_Repository":
        return self

    def artifact(self) -> "_Repository":
        return self

    def resolve(self) -> Path:
        if self._content is None:
            raise ConnectionError("no route")
        self._file.write_bytes(self._content)
        return self._file


def _serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None) -> None:
    monkeypatch.setattr(jars, "maven_context", lambda _: _Repository(tmp_path, content))


def test_every_jar_has_the_hash_of_its_bytes_and_no_address() -> None:
    lock = KafkaLock.read(kafka_lock_file())

    assert len(lock.jars) > 40
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in lock.jars)
    assert "://" not in kafka_lock_file().read_text()


def test_the_client_is_of_the_brokers_version() -> None:
    lock = KafkaLock.read(kafka_lock_file())

    assert lock.version_of("kafka-clients") == lock.version_of("kafka_2.13") == lock.kafka_version


def test_an_older_client_under_the_broker_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kafka.lock.toml"
    text = kafka_lock_file().read_text()
    client = 'artifact = "kafka-clients"\nversion = '
    file.write_text(text.replace(f'{client}"4.4.0"', f'{client}"3.9.1"'))

    with pytest.raises(JarError, match=r"kafka-clients is 3\.9\.1"):
        KafkaLock.read(file)


def test_a_cached_jar_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(monkeypatch, tmp_path, _GOOD)
    first = fetch(_LOCK, tmp_path / "cache")
    _serve(monkeypatch, tmp_path, None)

    assert fetch(_LOCK, tmp_path / "cache") == first
    assert first[0].read_bytes() == _GOOD
    assert missing(_LOCK, tmp_path / "cache") == []


def test_a_damaged_jar_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _serve(monkeypatch, tmp_path, _GOOD)
    (damaged,) = fetch(_LOCK, tmp_path / "cache")
    damaged.write_bytes(b"half a j")

    fetch(_LOCK, tmp_path / "cache")

    assert damaged.read_bytes() == _GOOD


def test_other_bytes_than_the_locked_never_reach_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, tmp_path, b"somebody else's")

    with pytest.raises(JarError, match="not the locked ones"):
        fetch(_LOCK, tmp_path / "cache")
    assert missing(_LOCK, tmp_path / "cache") == [_JAR]


def test_offline_with_an_empty_cache_names_the_jar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, tmp_path, None)

    with pytest.raises(JarError, match=r"org\.example:thing:1\.0 is not cached"):
        fetch(_LOCK, tmp_path / "cache")
