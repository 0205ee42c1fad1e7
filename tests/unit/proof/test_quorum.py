"""The request for the metadata's leader, and its answer, byte by byte."""

import struct

import pytest

from tests.proof.quorum import describe_quorum, leader_in

NAME = b"__cluster_metadata"


def answer(error: int, inner: int, leader: int) -> bytes:
    topic = bytes([len(NAME) + 1]) + NAME + b"\x02" + struct.pack(">ihii", 0, inner, leader, 7)
    return struct.pack(">i", 1) + b"\0" + struct.pack(">h", error) + b"\x02" + topic


def test_the_request_says_its_size_and_asks_for_one_partition() -> None:
    asked = describe_quorum()

    assert struct.unpack_from(">i", asked)[0] == len(asked) - 4
    assert asked.count(NAME) == 1


def test_the_leader_is_read_from_the_answer() -> None:
    assert leader_in(answer(0, 0, 3)) == 3


@pytest.mark.parametrize("said", [(41, 0, 1), (0, 6, 1), (0, 0, -1)])
def test_an_error_and_no_leader_are_no_answer(said: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="error codes"):
        leader_in(answer(*said))
