"""A runbook as its reader uses it: what it tells to run is run as written, and all of it."""

import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from tests.support.shop import Answer, Shop
from tests.support.waiting import eventually

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
CODE = re.compile(r"`([^`\n]+)`")
RUN = ("orderproof ", "GET /", "POST /", "SELECT ")
# A test's topics have a prefix, and it does not wait for what is on its way.
ALSO = {"audit": ("--grace-s", "1", "--prefix"), "topics": ("--prefix",)}

PROMISED = "tests/end_to_end/runbooks/test_what_is_promised.py"
WAITS = "tests/end_to_end/runbooks/test_what_waits.py"
MONEY = "tests/end_to_end/runbooks/test_what_is_paid.py"
PARTNERS = "tests/end_to_end/runbooks/test_what_partners_get.py"

# Each breaks the system that way, sees the alert, does what the page says, and sees it heal.
TESTED_BY = {
    "backlog-unmeasured": f"{WAITS}::test_a_database_that_does_not_answer",
    "consumer-lagging": f"{WAITS}::test_a_transaction_that_holds_a_consumer_up",
    "invariant-broken": f"{PROMISED}::test_rows_that_somebody_changed_by_hand",
    "invariant-unchecked": f"{PROMISED}::test_tables_that_do_not_match_the_release",
    "invariants-not-checked": f"{PROMISED}::test_a_watch_that_waits_for_its_database",
    "lists-differ": f"{MONEY}::test_money_of_nobody_at_the_provider",
    "nobody-relays": f"{WAITS}::test_a_lock_that_is_held_by_a_session_of_nobody",
    "order-past-its-deadline": f"{PROMISED}::test_orders_that_cannot_expire",
    "orders-decided-too-slowly": f"{MONEY}::test_orders_that_wait_for_a_slow_provider",
    "orders-parked": f"{WAITS}::test_an_event_that_cannot_be_applied",
    "outbox-not-leaving": f"{WAITS}::test_a_topic_that_is_missing",
    "partition-stopped": f"{WAITS}::test_a_bug_that_hits_every_order",
    "provider-unknown": f"{MONEY}::test_a_provider_that_says_nothing",
    "reconciliation-overdue": f"{MONEY}::test_a_provider_that_does_not_give_its_list",
    "service-down": f"{PROMISED}::test_a_process_that_runs_and_does_not_answer",
    "webhook-endpoint-disabled": f"{PARTNERS}::test_an_endpoint_that_is_gone_for_a_while",
    "webhooks-late": f"{PARTNERS}::test_webhooks_that_cannot_be_recorded",
    "work-not-done": f"{WAITS}::test_a_mail_server_that_is_away",
}


@dataclass
class Runbook:
    """One page, and the stack on which its steps are taken."""

    name: str
    shop: Shop
    _left: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._text = (FOLDER / f"{self.name}.md").read_text("utf-8")
        self._left = {one for one in CODE.findall(self._text) if one.startswith(RUN)}

    def all_done(self) -> None:
        """Nothing that the page tells to run was left out."""
        assert self._left == set(), f"{self.name}: not run"

    async def run(self, command: str, words: Mapping[str, str] | None = None, code: int = 0) -> str:
        """A command of the page with its capitals filled in; gives what it printed."""
        asked = self._take(command, words or {}).split()[1:]
        also = ALSO.get(asked[0], ())
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("orderproof"),
            *asked,
            *also,
            *((self.shop.system.config.topic_prefix,) if also else ()),
            *("--run-dir", str(self.shop.system.run_dir.root)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await process.communicate()
        assert process.returncode == code, told.decode()
        return told.decode()

    async def ask(
        self, request: str, service: str, words: Mapping[str, str] | None = None
    ) -> Answer:
        """A request of the page to a service, which answers something."""
        method, path = self._take(request, words or {}).split()
        url = self.shop.url(service) + path
        answer = await (self.shop.get(url) if method == "GET" else self.shop.post(url, {}))
        assert answer.status != 404, answer.body
        return answer

    async def query(
        self, statement: str, service: str, words: Mapping[str, str] | None = None
    ) -> list[asyncpg.Record]:
        """A statement of the page in a service's database."""
        return await on_database(self.shop, service, self._take(statement, words or {}))

    async def logged(self, instance: str, event: str) -> None:
        """What the page says to look for is in the log."""
        assert f"`{event}`" in self._text, f"{self.name} does not speak of {event}"
        log = self.shop.system.run_dir.log(instance)

        async def look() -> bool:
            return event in await asyncio.to_thread(log.read_text, "utf-8", "replace")

        await eventually(look, f"{event} in the log of {instance}", 20)

    def _take(self, written: str, words: Mapping[str, str]) -> str:
        assert written in CODE.findall(self._text), f"{self.name} does not tell to: {written}"
        self._left.discard(written)
        for word, value in words.items():
            assert word in written, word
            written = written.replace(word, value)
        return written


async def on_database(
    shop: Shop, service: str, statement: str, *values: Any
) -> list[asyncpg.Record]:
    """What somebody with the service's own rights does behind its back."""
    db = await asyncpg.connect(shop.system.addresses.databases[service])
    try:
        return list(await db.fetch(statement, *values))
    finally:
        await db.close()
