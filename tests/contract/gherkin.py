"""Reads the CloudEvents conformance scenarios for Kafka: a small part of Gherkin."""

import json
import re
from dataclasses import dataclass
from typing import Any

DOCSTRING = re.compile(r'"""\n(.*?)"""', re.DOTALL)


@dataclass(frozen=True)
class Scenario:
    """A message, and what it says: ``attributes`` as text, ``data`` as JSON."""

    name: str
    payload: bytes
    headers: dict[str, str]
    attributes: dict[str, str]
    data: Any


def read_scenarios(text: str) -> list[Scenario]:
    """All scenarios, an outline once for each of its examples."""
    found = []
    for part in re.split(r"\n\s*Scenario(?: Outline)?: ", text)[1:]:
        body, _, examples = part.partition("Examples:")
        rows = _rows(examples)
        for values in rows[1:] or [[]]:
            filled = body
            for name, value in zip(rows[0] if rows else [], values, strict=True):
                filled = filled.replace(f"<{name}>", value)
            found.append(_scenario(filled))
    return found


def _scenario(body: str) -> Scenario:
    given, _, then = body.partition("When parsed")
    payload = DOCSTRING.findall(given)[0].strip()
    data = DOCSTRING.findall(then)[0]
    headers, attributes = _table(given), _table(then)
    return Scenario(
        body.split("\n")[0].strip(), payload.encode(), headers, attributes, json.loads(data)
    )


def _table(text: str) -> dict[str, str]:
    return {name: value for name, value in _rows(text) if name != "key"}


def _rows(text: str) -> list[list[str]]:
    lines = [line.strip() for line in text.splitlines()]
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
