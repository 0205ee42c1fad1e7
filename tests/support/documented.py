"""The commands that the pages show, each with the test that runs it or why none does."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = ("sh", "")

FIRST = "tests/end_to_end/test_first_commands.py"
PAGES = "tests/end_to_end/test_documented_commands.py"
KIT = "tests/end_to_end/test_storefront_kit.py::test_a_command_of_the_page_does_what_it_says"
COMPOSE = "tests/integration/test_containers.py::test_the_documented_first_order_is_confirmed"
SLOW = "tests/integration/simulation/test_postgresql_tier.py"
SEEDS = "tests/simulation/test_command.py::test_a_command_of_the_page_does_what_it_says"

# The longest beginning that fits counts.
RUN_BY = {
    "make demo": f"{FIRST}::test_the_demo_leads_every_order_as_told_and_leaves_nothing",
    "orderproof up --detach": f"{FIRST}::test_what_was_started_is_shown_and_goes_down_again",
    "orderproof down": f"{FIRST}::test_what_was_started_is_shown_and_goes_down_again",
    "orderproof dead-letters": f"{PAGES}::test_a_command_for_dead_letters_does_what_it_says",
    "orderproof replay": f"{PAGES}::test_a_command_for_replay_places_the_invoices",
    "make bench ARGS=--short": "tests/end_to_end/test_bench.py::test_the_document_is_kept",
    "make bench ARGS='--only console": (
        "tests/end_to_end/test_bench.py::test_what_the_console_costs_beside_the_system_is_measured"
    ),
    ".venv/bin/python -m tests.bench.console": (
        "tests/end_to_end/test_bench.py::test_what_the_console_costs_is_measured"
    ),
    ".venv/bin/python -m tests.bench.webhooks": (
        "tests/end_to_end/test_bench.py::test_what_webhooks_cost_is_measured"
    ),
    "docker compose": COMPOSE,
    "docker compose -f deploy/compose.yaml --profile second": (
        "tests/integration/test_containers.py::test_a_second_instance_of_every_service_joins_in"
    ),
    "curl": COMPOSE,
    "order=$(curl": COMPOSE,
    "export ": KIT,
    "python3 place_order.py": KIT,
    "node place-order.ts": KIT,
    "sh place-order.sh": KIT,
    ".venv/bin/python -m tests.simulation --": SEEDS,
    ".venv/bin/python -m tests.simulation --postgresql": f"{SLOW}::test_the_command_of_the_page",
    ".venv/bin/python -m tests.tools.mails": (
        "tests/unit/notifications/test_mails_tool.py::test_every_mail_is_written_in_every_language"
    ),
}
NOT_RUN = {
    "make test": "it is the suite",
    "make prove": "it takes 20 minutes and more; docs/proof.md tells its last runs",
    ".venv/bin/python -m tests.simulation": "ten thousand seeds are a part of `make prove`",
    "make bench": "it takes minutes to an hour; every part of it is run in its short form",
}


@dataclass(frozen=True)
class Command:
    """A command as a page shows it, its continuation lines joined, without a comment."""

    page: str
    text: str


def commands(pages: Iterable[str]) -> Iterator[Command]:
    """The commands of these pages' shell blocks, in order."""
    for page in pages:
        for language, block in BLOCK.findall((ROOT / page).read_text("utf-8")):
            for command in _joined(block) if language in SHELL else ():
                yield Command(page, command)


def beginning(command: str) -> str:
    """The longest beginning of ``command`` in ``RUN_BY`` or ``NOT_RUN``; empty when none fits."""
    fitting = [one for one in (*RUN_BY, *NOT_RUN) if command.startswith(one)]
    return max(fitting, key=len, default="")


def _joined(block: str) -> Iterator[str]:
    """A line that begins with spaces, or follows a backslash, goes on with the one before."""
    text = re.sub(r"\\?\n +", " ", block)
    return (re.sub(r" +# .*", "", line) for line in text.splitlines() if line.strip())
