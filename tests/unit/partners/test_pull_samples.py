"""The readers of the feed that partners copy, run as they would run them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.partners.pull_events import Feed, pages, write_cursor
from tests.unit.partners import feed as fake
from tests.unit.partners.feed import Fault, served

SAMPLES = Path(__file__).parents[3] / "docs" / "partners"
RUN_TIMEOUT_S = 60
NOW = {"Retry-After": "0"}
EXPIRED = b'{"type": "urn:problem:cursor-expired", "status": 410}'
each_reader = pytest.mark.parametrize("language", ["python", "shell"])


def read(
    language: str, url: str, cursor_file: Path, key: str = fake.KEY
) -> subprocess.CompletedProcess[str]:
    """Read all there is for now."""
    command = [sys.executable, str(SAMPLES / "pull_events.py"), "--once"]
    command += ["--url", url, "--cursor-file", str(cursor_file)]
    if language == "shell":
        if shutil.which("jq") is None or shutil.which("curl") is None:
            pytest.skip("there is no curl, or no jq, to run the sample with")
        command = ["sh", str(SAMPLES / "pull-events.sh"), url, str(cursor_file)]
    environment = {"PATH": os.environ["PATH"], "PARTNER_KEY": key, "ONCE": "1"}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=RUN_TIMEOUT_S
    )


def numbers(out: str) -> list[int]:
    return [int(line.split(" ", 3)[1].removeprefix("#")) for line in out.splitlines()]


@each_reader
def test_all_there_is_is_read_and_the_place_is_kept(language: str, tmp_path: Path) -> None:
    cursor_file = tmp_path / "cursor"
    with served(5, page_events_max=2) as feed:
        first = read(language, feed.url, cursor_file)
        feed.events += fake.some_events(7)[5:]
        second = read(language, feed.url, cursor_file)
        third = read(language, feed.url + "/", cursor_file)

    assert [one.returncode for one in (first, second, third)] == [0] * 3, first.stderr
    assert numbers(first.stdout) == [1, 2, 3, 4, 5]
    assert numbers(second.stdout) == [6, 7]
    assert third.stdout == ""
    assert feed.asked[0] == {"limit": "100", "wait_s": "0"}
    assert [path.name for path in tmp_path.iterdir()] == ["cursor"]


@each_reader
def test_a_line_tells_the_order_its_number_the_type_and_the_data(
    language: str, tmp_path: Path
) -> None:
    with served(1) as feed:
        (line,) = read(language, feed.url, tmp_path / "cursor").stdout.splitlines()

    order_id, number, event_type, data = line.split(" ", 3)
    assert (order_id, number) == ("ord_1", "#1")
    assert event_type == "fulfilment.shipment-delivered.v1"
    assert json.loads(data) == feed.events[0]["data"]


@each_reader
def test_an_empty_feed_leaves_no_place(language: str, tmp_path: Path) -> None:
    with served(0) as feed:
        ended = read(language, feed.url, tmp_path / "cursor")

    assert (ended.returncode, ended.stdout) == (0, "")
    assert list(tmp_path.iterdir()) == []


@each_reader
def test_what_passes_is_tried_again(language: str, tmp_path: Path) -> None:
    faults = (Fault(429, NOW), Fault(503, NOW), Fault(500, NOW))
    with served(1, *faults) as feed:
        ended = read(language, feed.url, tmp_path / "cursor")

    assert (ended.returncode, numbers(ended.stdout)) == (0, [1])
    assert len(feed.asked) == 1 + len(faults)
    assert ended.stderr.count("again in ") == len(faults)


@each_reader
def test_a_refusal_is_told_and_not_tried_again(language: str, tmp_path: Path) -> None:
    cursor_file = tmp_path / "cursor"
    cursor_file.write_text("a+b/=&1\n", "utf-8")
    with served(3, Fault(410, body=EXPIRED)) as feed:
        expired = read(language, feed.url, cursor_file)
        stranger = read(language, feed.url, cursor_file, key="opk_another")

    assert (expired.returncode, stranger.returncode) == (1, 1)
    assert "urn:problem:cursor-expired" in expired.stderr
    assert "urn:problem:unauthenticated" in stranger.stderr
    assert cursor_file.read_text("utf-8") == "a+b/=&1\n"
    assert [one["after"] for one in feed.asked] == ["a+b/=&1"] * 2


@each_reader
def test_the_key_is_not_carried_elsewhere(language: str, tmp_path: Path) -> None:
    with served(1) as elsewhere:
        location = {"Location": f"{elsewhere.url}/v1/fulfilment-events?limit=1"}
        with served(1, Fault(302, location)) as feed:
            ended = read(language, feed.url, tmp_path / "cursor")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert elsewhere.asked == []


@each_reader
def test_without_a_key_nothing_is_asked(language: str, tmp_path: Path) -> None:
    with served(1) as feed:
        ended = read(language, feed.url, tmp_path / "cursor", key="")

    assert ended.returncode in (2, 64)
    assert feed.asked == []


def test_a_page_that_was_not_handled_comes_again(tmp_path: Path) -> None:
    cursor_file = tmp_path / "cursor"
    with served(4, page_events_max=2) as feed:
        for _ in range(2):
            reading = pages(Feed(feed.url, fake.KEY), cursor_file, count=0, once=True)
            assert [one["sequence"] for one in next(reading)] == [1, 2]
            del reading
            assert not cursor_file.exists()


def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    with served(5, page_events_max=2) as feed:
        read_now = list(pages(Feed(feed.url, fake.KEY), tmp_path / "cursor", count=3, once=False))

    assert [len(one) for one in read_now] == [2, 1]
    assert [(one["limit"], one["wait_s"]) for one in feed.asked] == [("3", "20"), ("1", "20")]
    assert (tmp_path / "cursor").read_text("utf-8") == "a+b/=&3\n"


def test_the_place_is_replaced_at_once(tmp_path: Path) -> None:
    """A link to the old file still holds the old place: it was never written over."""
    cursor_file, old = tmp_path / "cursor", tmp_path / "old"
    write_cursor(cursor_file, "1")
    old.hardlink_to(cursor_file)
    write_cursor(cursor_file, "2")

    assert (old.read_text("utf-8"), cursor_file.read_text("utf-8")) == ("1\n", "2\n")
