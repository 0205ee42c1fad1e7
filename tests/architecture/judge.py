"""Holds rules against modules, less the exceptions that are listed by name."""

from collections.abc import Iterable

import pytest

from tests.architecture.exceptions import EXCEPTIONS
from tests.architecture.rules import Rule
from tests.architecture.source import Module


def uphold(rule: Rule, modules: Iterable[Module], reason: str) -> None:
    """Fail with ``reason`` and every place that breaks ``rule`` without being listed."""
    places = [
        f"  {found.place}: {found.detail}"
        for module in modules
        for found in rule(module)
        if (rule.__name__, found.place) not in EXCEPTIONS
    ]
    if places:
        advice = "Mend it, or list it in tests/architecture/exceptions.py with why."
        pytest.fail("\n".join([reason, *places, advice]), pytrace=False)
