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
