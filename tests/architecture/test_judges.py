"""The judges share no code with what they judge, and are short enough to be read by a sceptic."""

import ast
import sys

from tests.architecture.source import Module, modules

JUDGES = "tests/proof/judges"
MAY = {*sys.stdlib_module_names, "aiohttp", "aiokafka", "standardwebhooks"}
LINES_MAX = 640


def judges() -> list[Module]:
    return [one for one in modules() if one.within(JUDGES)]


def foreign(module: Module) -> list[str]:
    """What a judge imports beside the standard library, three clients and other judges."""
    found: list[str] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append("." * node.level + (node.module or ""))
    own = JUDGES.replace("/", ".")
    return [
        one
        for one in found
        if one.split(".")[0] not in MAY and one != own and not one.startswith(own + ".")
    ]


def test_judges_import_nothing_of_what_they_judge() -> None:
    """A mistake in shared code would be made by both, and seen by neither."""
    assert judges()
    assert {one.path: foreign(one) for one in judges() if foreign(one)} == {}


def test_an_import_of_the_judged_is_seen() -> None:
    texts = [
        "import shared",
        "from tests.support.kafka_log import KafkaLog",
        "from ..load import x",
    ]

    assert all(foreign(Module("tests/proof/judges/x.py", text)) for text in texts)
    assert (
        foreign(Module("tests/proof/judges/x.py", f"from {JUDGES.replace('/', '.')} import book"))
        == []
    )


def test_judges_are_read_in_half_an_hour() -> None:
    assert sum(one.text.count("\n") for one in judges()) <= LINES_MAX
