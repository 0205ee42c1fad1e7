"""Faults of messages."""

from tests.proof.fault import Fault

FAULTS: list[Fault] = []
