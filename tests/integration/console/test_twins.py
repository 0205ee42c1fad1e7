"""Every page has a twin for programs, where it says, with the members that the README names."""

import re
import shlex
from typing import Any

import pytest
from asyncpg import Pool, Record
from console.backends import Backends
from console.board import Board
from console.render import PageRoute
from console.routes import routes
from console.streams import Streams

from tests.architecture.source import ROOT
from tests.integration.console.browsing import browser
from tests.integration.console.letters import LETTER
from tests.integration.console.partners import tell_of_acme
from tests.integration.console.services import FakeServices
from tests.support.console_records import confirmed, projection
from tests.support.in_process import app_of

README = (ROOT / "services" / "console" / "README.md").read_text("utf-8")
TABLE = README.partition("## As JSON")[2].partition("\n## ")[0]
ENDPOINT = "/partners/{name}/endpoints/{endpoint_id}"
EXAMPLES = {
    "/": "/",
    "/system": "/system",
    "/orders": "/orders?status=confirmed",
    "/orders/{order_id}": "/orders/ord_1",
    "/traces/{trace_id}": f"/traces/{'0' * 32}",
    "/dead-letters": "/dead-letters",
    "/dead-letters/{service}/{parked_id}": "/dead-letters/payments/3",
    "/partners": "/partners",
    "/partners/{name}": "/partners/acme",
    ENDPOINT: "/partners/acme/endpoints/whe_1",
    f"{ENDPOINT}/deliveries/{{delivery_id}}": "/partners/acme/endpoints/whe_1/deliveries/7",
    "/mailbox": "/mailbox",
    "/faults": "/faults",
    "/logs": "/logs?q=ord_1",
}


def named() -> dict[str, set[str]]:
    """The members of each page's document, as the README has them."""
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", TABLE, re.MULTILINE)
    return {path: set(re.findall(r"`([a-z_]+)`", members)) for path, members in rows}


COMMON = set(re.findall(r"`([a-z_]+)`", TABLE.partition("|")[0]))


@pytest.mark.parametrize("page", EXAMPLES)
async def test_a_pages_twin_is_where_it_says_and_has_what_the_readme_names(
    pool: "Pool[Record]", services: FakeServices, page: str
) -> None:
    await projection(pool).process(confirmed("ord_1"))
    tell_of_acme(services)
    letter = {**LETTER, "headers": {}, "value_bytes": 9}
    services.answers["payments", "/ops/dead-letters/3"] = letter
    async with browser(pool, services) as client:
        shown = await client.get(EXAMPLES[page])
        [path] = re.findall(r'<a href="([^"]+)">This page as JSON</a>', shown.text)
        twin = await client.get(path.replace("&amp;", "&"))

    assert twin.headers["content-type"] == "application/json"
    found: dict[str, Any] = twin.json()
    assert found.keys() > COMMON
    assert found.keys() - COMMON == named()[page]


def test_every_page_is_an_example_here_and_stands_in_both_tables_of_the_readme() -> None:
    running = app_of("console").state.running
    settings = running.settings
    [router] = routes(running, settings, Backends(settings), Board(Streams(1)))
    pages = {
        one.path
        for one in router.routes
        if isinstance(one, PageRoute)
        and "GET" in (one.methods or ())
        and not one.path.startswith("/static")
        and not one.path.endswith("/live")
    }
    told = set(re.findall(r"^\| `(/[^`]*)` \|", README.partition("## As JSON")[0], re.MULTILINE))

    assert pages == EXAMPLES.keys() == named().keys() == told


@pytest.mark.parametrize("hostile", ["x';touch%20y;'", "%27%3Btouch+y%3B%27", "a%3Fb=%27c", "%0a"])
async def test_what_is_copied_for_a_shell_is_one_word_whatever_the_address_was(
    pool: "Pool[Record]", services: FakeServices, hostile: str
) -> None:
    async with browser(pool, services) as client:
        shown = await client.get(f"/orders/{hostile}")
    [path] = re.findall(r'data-path="([^"]*)"', shown.text)
    told = path.replace("&amp;", "&")

    assert shlex.split(f"'http://127.0.0.1{told}'") == [f"http://127.0.0.1{told}"]
    assert told.startswith("/orders/")


async def test_what_was_posted_has_no_twin(pool: "Pool[Record]", services: FakeServices) -> None:
    form = {"action": "retry", "service": "payments", "target": "3"}
    async with browser(pool, services) as client:
        shown = await client.post("/actions", data=form)

    assert "<h1>" in shown.text
    assert "This page as JSON" not in shown.text
