"""What the console serves: vendored files as they were made, and nothing from elsewhere."""

import re
import tomllib
from hashlib import sha256
from importlib.resources import files

import pytest
from console.routes import STATIC

from tests.support.in_process import app_of, client_of

CONSOLE = files("console")
VENDOR = CONSOLE.joinpath("static", "vendor")
ELSEWHERE = re.compile(
    r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import|<style|\sstyle=|\son[a-z]+="
)


def test_vendored_files_are_what_was_published() -> None:
    for entry in tomllib.loads(VENDOR.joinpath("VENDOR.toml").read_text("utf-8")).values():
        content = VENDOR.joinpath(entry["file"]).read_bytes()

        assert sha256(content).hexdigest() == entry["sha256"]
        assert entry["licence"] in VENDOR.joinpath(entry["licence_file"]).read_text("utf-8")
        assert f"vendor/{entry['file']}" in STATIC


@pytest.mark.parametrize(
    "name",
    [
        *(f"templates/{one.name}" for one in CONSOLE.joinpath("templates").iterdir()),
        *(f"static/{one}" for one in STATIC if "/" not in one),
    ],
)
def test_a_page_loads_and_styles_nothing_beside_its_own_files(name: str) -> None:
    """The policy would refuse it, and who has no way out would see a page that is broken."""
    assert ELSEWHERE.findall(CONSOLE.joinpath(*name.split("/")).read_text("utf-8")) == []


@pytest.mark.parametrize("name", STATIC)
async def test_every_file_is_served_with_its_kind(name: str) -> None:
    async with client_of(app_of("console")) as client:
        answer = await client.get(f"/static/{name}", headers={"Host": "127.0.0.1"})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(STATIC[name])
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["../settings.py", "vendor/VENDOR.toml", "x", "%2e%2e/store.py"])
async def test_no_other_file_is(name: str) -> None:
    async with client_of(app_of("console")) as client:
        answer = await client.get(f"/static/{name}", headers={"Host": "127.0.0.1"})

    assert answer.status_code == 404


SCROLLS = re.compile(r'<(?:pre\b|\w+ [^>]*class="[^"]*\bscroll\b)[^>]*>')
NAMED = re.compile(r'role="(?:region|group)" aria-label="([^"]+)" tabindex="0">$')


@pytest.mark.parametrize(
    "name",
    [
        one.name
        for one in CONSOLE.joinpath("templates").iterdir()
        if SCROLLS.search(one.read_text("utf-8"))
    ],
)
def test_what_scrolls_is_reached_by_key_and_says_what_it_is(name: str) -> None:
    """WCAG 2.1.1 and 4.1.2: without a mouse it gets the focus, and a reader then says its name."""
    scrolling = SCROLLS.findall(CONSOLE.joinpath("templates", name).read_text("utf-8"))
    named = [NAMED.search(one) for one in scrolling]

    assert [one for one, found in zip(scrolling, named, strict=True) if not found] == []
    names = [one[1] for one in named if one]
    assert len(names) == len(set(names))


def test_nothing_else_scrolls_by_itself() -> None:
    css = CONSOLE.joinpath("static", "console.css").read_text("utf-8")

    assert re.findall(r"([^{}\n]+?) *\{[^}]*overflow(?:-x|-y)?: *(?:auto|scroll)", css) == [
        "pre",
        ".scroll",
    ]
