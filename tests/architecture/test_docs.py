"""Documents that could rot are generated or tested."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import click
import pytest
import typer

from tests.architecture.source import ROOT, files
from tests.support.wiring import SERVICES, settings_of
from tests.tools import docs
from tests.tools.blocks import replaced
from tests.tools.promises import promises

PAGES = [name for name in files() if name.endswith(".md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?<![\w/.-])(make|orderproof) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")
CALL = re.compile(r"(?<![\w/.-])orderproof ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?([^\n#]*)")
OPTION = re.compile(r"(?<= )--[a-z][a-z-]*")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def test_generated_documents_say_what_the_code_does() -> None:
    """A table kept by hand is right on the day it is written."""
    assert docs.stale() == [], "run: python -m tests.tools.docs"


def test_a_stale_document_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(docs, "current", lambda path: "old")

    assert docs.main(["--check"]) == 1
    assert "docs/events.md is stale" in capsys.readouterr().out


@pytest.mark.parametrize("service", [one for one in SERVICES if settings_of(one)])
def test_a_service_with_settings_has_a_readme_that_lists_them(service: str) -> None:
    """Who runs a service needs one page: what it reads, tells, stores and can be set to."""
    page = ROOT / "services" / service / "README.md"

    assert page.is_file()
    assert "<!-- generated: settings -->" in page.read_text("utf-8")


@pytest.mark.parametrize("name", [name for _, name, _ in promises()])
def test_operators_are_told_what_to_do_when_a_promise_is_broken(name: str) -> None:
    """An alarm that nobody knows how to answer is switched off."""
    by_hand = replaced((ROOT / "docs" / "operations.md").read_text("utf-8"), {"promises": ""})

    assert f"`{name}`" in by_hand


@pytest.mark.parametrize("page", PAGES)
def test_a_relative_link_leads_somewhere(page: str) -> None:
    """A dead link tells the reader that nobody reads this."""
    assert list(dead_links(page)) == []


def dead_links(page: str) -> Iterator[str]:
    text = (ROOT / page).read_text("utf-8")
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        if not file.exists():
            yield target
            continue
        if not file.exists() or (
            anchor and file.suffix == ".md" and anchor not in anchors(file.read_text("utf-8"))
        ):
            yield target


def anchors(text: str) -> set[str]:
    """The anchors that headings get: lower case, without punctuation, spaces as dashes."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


def test_a_dead_link_is_found() -> None:
    assert anchors("# One, two\n\n## `three` four") == {"one-two", "three-four"}
    assert LINK.findall("see [it](docs/no-such.md#x) and [that](#y)") == ["docs/no-such.md#x", "#y"]


@pytest.mark.parametrize("page", PAGES)
def test_a_command_in_a_document_exists(page: str) -> None:
    """The first command that does not work ends the visit."""
    text = (ROOT / page).read_text("utf-8")
    told = {found for code in CODE.findall(text) for found in COMMAND.findall(code)}

    assert [" ".join(one) for one in sorted(told) if not exists(*one)] == []


def exists(program: str, name: str, sub: str) -> bool:
    if program == "make":
        return name in make_targets()
    command = orderproof().get(name)
    if isinstance(command, click.Group) or hasattr(command, "commands"):
        return not sub or sub in getattr(command, "commands", {})
    return command is not None


@pytest.mark.parametrize("page", PAGES)
def test_an_option_in_a_document_exists(page: str) -> None:
    """Who looks for the right spelling while something is broken has lost a minute."""
    text = (ROOT / page).read_text("utf-8")
    told = {found for code in CODE.findall(text) for found in CALL.findall(code)}

    assert [" ".join(one) for one in sorted(told) if missing_options(*one)] == []


def missing_options(name: str, sub: str, rest: str) -> set[str]:
    command = orderproof()[name]
    command = getattr(command, "commands", {}).get(sub, command)
    return set(OPTION.findall(rest)) - {one for param in command.params for one in param.opts}


def test_an_option_that_does_not_exist_is_found() -> None:
    assert CALL.findall("`orderproof topics apply --kaf x`") == [("topics", "apply", " --kaf x`")]
    assert missing_options("topics", "apply", " --kafka x --kaf y") == {"--kaf"}
    assert missing_options("down", "", " --clean") == set()


def test_the_readme_lists_every_command() -> None:
    """What is not in the list is not found."""
    told = {name for _, name, _ in COMMAND.findall((ROOT / "README.md").read_text("utf-8"))}

    assert set(orderproof()) - told == set()


def make_targets() -> set[str]:
    makefile = ROOT / "Makefile"
    text = makefile.read_text("utf-8") if makefile.is_file() else ""
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


def orderproof() -> dict[str, Any]:
    """The sub-commands of the command line, as the installed script would have them."""
    from local_runtime.cli import build

    group = typer.main.get_command(build())
    return dict(getattr(group, "commands", {}))


def test_a_block_is_renewed_and_one_that_is_missing_is_added() -> None:
    old = "# A\n\n<!-- generated: x -->\nold\n<!-- end: x -->\n\nby hand\n"

    renewed = replaced(old, {"x": "new"})

    assert renewed == "# A\n\n<!-- generated: x -->\n\nnew\n\n<!-- end: x -->\n\nby hand\n"
    assert replaced(renewed, {"x": "new"}) == renewed
    assert replaced("# A\n", {"x": "new"}).endswith(
        "## X\n\n<!-- generated: x -->\n\nnew\n\n<!-- end: x -->\n"
    )


def test_every_member_of_the_workspace_has_a_licence() -> None:
    members = ["shared", "deploy/local", *(f"services/{one}" for one in SERVICES)]
    told = [tomllib.loads((ROOT / one / "pyproject.toml").read_text()) for one in members]

    assert {one["project"]["license"] for one in told} == {"Apache-2.0"}
    assert "END OF TERMS AND CONDITIONS" in (ROOT / "LICENSE").read_text()
