"""Links to a trace where others keep it, as the README has them for Jaeger, Zipkin and Tempo."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from console.pages.trace import link
from console.render import draw
from console.settings import ConsoleSettings

from tests.architecture.source import ROOT
from tests.support.wiring import EXAMPLE_SETTINGS

README = (ROOT / "services" / "console" / "README.md").read_text("utf-8")
ROWS = README.partition("## Traces elsewhere")[2].partition("\n## ")[0]
LINKS = dict(re.findall(r"^\| ([A-Z][\w, ]+?)(?: \(.+\))? \| `([^`]+)` \|$", ROWS, re.MULTILINE))
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


def linked(where: str) -> str:
    """Where the console leads to when its setting is the README's."""
    settings = ConsoleSettings(**{**EXAMPLE_SETTINGS, "trace_link": LINKS[where]})
    return link(settings.trace_link, TRACE_ID) or ""


def test_there_is_a_link_to_each() -> None:
    assert LINKS.keys() == {"Jaeger", "Zipkin", "Tempo, in Grafana"}


@pytest.mark.parametrize(
    ("where", "path"),
    [("Jaeger", f"/trace/{TRACE_ID}"), ("Zipkin", f"/zipkin/traces/{TRACE_ID}")],
)
def test_a_link_is_the_page_of_the_trace(where: str, path: str) -> None:
    assert urlsplit(linked(where)).path == path


def test_grafana_is_asked_for_the_trace_in_tempo() -> None:
    asked = urlsplit(linked("Tempo, in Grafana"))
    [panes] = parse_qs(asked.query)["panes"]
    [pane] = json.loads(panes).values()

    assert asked.path == "/explore"
    assert pane["datasource"] == "tempo"
    assert [one["query"] for one in pane["queries"]] == [TRACE_ID]


@pytest.mark.parametrize("where", LINKS)
def test_a_page_leads_there_and_tells_nobody_where_from(where: str) -> None:
    shown = draw("trace_link.html", {"trace_link": linked(where)})
    [href] = re.findall(r'<a href="([^"]+)" rel="noreferrer">', shown)

    assert href.replace("&amp;", "&") == linked(where)


def test_without_the_setting_or_a_trace_nothing_is_linked() -> None:
    assert link(None, TRACE_ID) is None
    assert link(LINKS["Jaeger"], None) is None
    assert draw("trace_link.html", {"trace_link": None}).strip() == ""
