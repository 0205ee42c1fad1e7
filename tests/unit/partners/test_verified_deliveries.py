"""What partners copy to verify a webhook tells the genuine from the false, in every language."""

import ast
import base64
import json
import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from docs.partners.receive_webhooks import NotVerified, key_of, verify
from tests.unit.partners.deliveries import EVERY, GENUINE, RIGHT, VECTOR, Delivery
from tests.unit.partners.node import node

SAMPLES = Path(__file__).parents[3] / "docs" / "partners"
RUN_TIMEOUT_S = 60
# Linux takes no argument of more than 128 KiB.
ARGUMENT_MAX = 131_000
JUDGE = """
import { readFileSync } from "node:fs";
const { keysOf, verify } = await import(process.argv[1]);
const genuine = ({ secret, publicKey, headers, body, now }) => {
  try {
    verify(keysOf(secret, publicKey), headers, Buffer.from(body, "base64"), now);
    return true;
  } catch (error) {
    return error.constructor.name === "NotVerified" ? false : String(error);
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(genuine)));
"""


def judged_by_python(delivery: Delivery) -> bool:
    try:
        verify(delivery.secret, delivery.headers, delivery.body, delivery.now_s)
    except NotVerified:
        return False
    return True


def judged_by_node(cases: list[dict[str, Any]]) -> list[bool | str]:
    module = (SAMPLES / "receive-webhooks.mjs").as_uri()
    ended = subprocess.run(
        [node(), "--input-type=module", "-e", JUDGE, module],
        input=json.dumps(cases).encode(),
        capture_output=True,
        timeout=RUN_TIMEOUT_S,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    verdicts: list[bool | str] = json.loads(ended.stdout)
    return verdicts


def as_case(delivery: Delivery, **others: str) -> dict[str, Any]:
    body = base64.b64encode(delivery.body).decode()
    case = {"headers": delivery.headers, "body": body, "now": delivery.now_s}
    return case | {"secret": delivery.secret} | others


def run_shell(*arguments: str, body: bytes, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(SAMPLES / "verify-webhook.sh"), *arguments],
        input=body.decode("latin-1"),
        encoding="latin-1",
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        timeout=RUN_TIMEOUT_S,
    )


@pytest.mark.parametrize(("delivery", "genuine"), EVERY, ids=lambda one: getattr(one, "name", ""))
def test_python_tells_the_genuine_from_the_false(delivery: Delivery, genuine: bool) -> None:
    assert judged_by_python(delivery) is genuine


def test_node_tells_the_genuine_from_the_false() -> None:
    verdicts = judged_by_node([as_case(delivery) for delivery, _ in EVERY])

    judged = zip(EVERY, verdicts, strict=True)
    assert [
        (delivery.name, told) for (delivery, genuine), told in judged if told is not genuine
    ] == []


@pytest.mark.parametrize(
    ("delivery", "genuine"),
    [one for one in EVERY if len(one[0].signatures) < ARGUMENT_MAX],
    ids=lambda one: getattr(one, "name", ""),
)
def test_the_shell_tells_the_genuine_from_the_false(delivery: Delivery, genuine: bool) -> None:
    ended = run_shell(
        *delivery.headers.values(),
        body=delivery.body,
        WEBHOOK_SECRET=delivery.secret,
        NOW=str(delivery.now_s),
    )

    assert (ended.returncode, ended.stdout) == ((0, "genuine\n") if genuine else (1, ""))
    assert genuine or ended.stderr.startswith("refused: ")


def test_the_shell_judges_by_the_clock_unless_told_another_time() -> None:
    ended = run_shell(*VECTOR.headers.values(), body=VECTOR.body, WEBHOOK_SECRET=VECTOR.secret)

    assert ended.returncode == 1
    assert "before NOW" in ended.stderr


@pytest.mark.parametrize("arguments", [(), ("id", "1"), ("id", "1", "v1,", "more")])
def test_the_shell_shows_its_usage(arguments: tuple[str, ...]) -> None:
    ended = run_shell(*arguments, body=b"", WEBHOOK_SECRET=RIGHT.secret)

    assert ended.returncode == 64


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_a_refusal(name: str) -> None:
    headers = {key: value for key, value in RIGHT.headers.items() if key != name}
    (verdict,) = judged_by_node([as_case(RIGHT) | {"headers": headers}])

    assert verdict is False
    with pytest.raises(NotVerified):
        verify(RIGHT.secret, headers, RIGHT.body, RIGHT.now_s)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        RIGHT.secret.removeprefix("whsec_"),
        RIGHT.secret.replace("whsec_", "whpk_"),
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
        RIGHT.secret + "é",
        RIGHT.secret[:-1],
    ],
)
def test_what_is_no_secret_is_said_at_the_start(secret: str) -> None:
    """An empty key would make a signature that anybody can make."""
    with pytest.raises(ValueError):
        key_of(secret)
    (verdict,) = judged_by_node([as_case(RIGHT, secret=secret)])
    assert str(verdict).startswith("TypeError")


def test_python_samples_can_be_read_by_python_3_9() -> None:
    for name in ("receive_webhooks.py", "pull_events.py"):
        ast.parse((SAMPLES / name).read_text("utf-8"), feature_version=(3, 9))


def test_the_table_has_both_kinds() -> None:
    assert 0 < len(GENUINE) < len(EVERY)


def test_what_the_official_library_signs_is_genuine_to_every_sample() -> None:
    """Standard Webhooks' own library signs; ours verify."""
    now, body = datetime.now(UTC), b'{"id":"evt_1","order_id":"ord_1","sequence":1}'
    now_s = int(now.timestamp())
    signed = replace(
        VECTOR,
        signatures=Webhook(VECTOR.secret).sign("evt_1", now, body.decode()),
        event_id="evt_1",
        timestamp=str(now_s),
        body=body,
        now_s=now_s,
    )
    other = replace(signed, body=body + b" ")

    assert [judged_by_python(one) for one in (signed, other)] == [True, False]
    assert judged_by_node([as_case(signed), as_case(other)]) == [True, False]
