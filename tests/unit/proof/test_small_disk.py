"""What moves to a small disk is whole, and takes no more room than it needs."""

from pathlib import Path

from tests.proof.faults.brokers import _sparse

BLOCK = 512


def test_a_file_keeps_its_bytes_and_its_holes(tmp_path: Path) -> None:
    index, copy = tmp_path / "index", tmp_path / "copy"
    with index.open("wb") as file:
        file.write(b"entry")
        file.seek(10 * 1024 * 1024 - 1)
        file.write(bytes(1))

    _sparse(str(index), str(copy))

    assert copy.read_bytes() == index.read_bytes()
    assert copy.stat().st_blocks * BLOCK < 64 * 1024
