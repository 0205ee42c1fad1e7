"""Faults of consumers."""

from tests.proof.fault import Fault

FAULTS: list[Fault] = []
