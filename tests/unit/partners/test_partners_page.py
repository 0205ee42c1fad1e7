"""The partners' page names every sample, its examples are right, and no sample shows a secret."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from notifications.partners.domain.types import TYPES

from docs.partners.receive_webhooks import handle

PARTNERS = Path(__file__).parents[3] / "docs" / "partners"
PAGE = (PARTNERS / "README.md").read_text("utf-8")
RUN_TIMEOUT_S = 60
FAKE_KCAT = """#!/bin/sh
cat "$2"
shift 2
printf "arguments: %s" "$*"
"""


def test_every_sample_is_on_the_page() -> None:
    samples = {one.name for one in PARTNERS.iterdir() if one.is_file()} - {"README.md"}

    assert samples - set(re.findall(r"\]\(([\w.-]+)\)", PAGE)) == set()


def test_every_type_that_partners_get_is_on_the_page() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `fulfilment.")]
    assert set(re.findall(r"`(fulfilment\.[a-z0-9.-]+)`", "\n".join(rows))) == set(TYPES)


def test_the_event_on_the_page_is_one_that_the_samples_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *others = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    handle(first)

    assert capsys.readouterr().out.startswith(f"{first['order_id']} #2 {first['type']} {{")
    assert [set(one) for one in others] == [{"events", "next_cursor", "has_more"}]


def test_kcat_gets_the_password_where_nobody_sees_it(tmp_path: Path) -> None:
    kcat = tmp_path / "kcat"
    kcat.write_text(FAKE_KCAT, "utf-8")
    kcat.chmod(0o700)
    command = ["bash", str(PARTNERS / "follow-fulfilment.sh")]
    ended = subprocess.run(
        [*command, "kafka.example:9093", "acme", "ca.pem", "partner.acme.look"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "KAFKA_PASSWORD": 'p "$` w'},
        capture_output=True,
        text=True,
        timeout=RUN_TIMEOUT_S,
    )
    *settings, arguments = ended.stdout.splitlines()

    assert ended.returncode == 0, ended.stderr
    assert dict(one.split("=", 1) for one in settings) == {
        "bootstrap.servers": "kafka.example:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "acme",
        "sasl.password": 'p "$` w',
        "ssl.ca.location": "ca.pem",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
    assert arguments == "arguments: -q -u -f %k %h %s\\n -G partner.acme.look fulfilment.events.v1"


def test_kcat_is_not_run_without_a_password(tmp_path: Path) -> None:
    command = ["bash", str(PARTNERS / "follow-fulfilment.sh"), "b:1", "acme", "ca.pem", "g"]
    ended = subprocess.run(command, env={"PATH": os.environ["PATH"]}, timeout=RUN_TIMEOUT_S)

    assert ended.returncode == 64
