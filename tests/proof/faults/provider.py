"""Faults of provider."""

from tests.proof.fault import Fault

FAULTS: list[Fault] = []
