"""Signatures of version v1a, made by openssl, are verified by node with the public key alone."""

import base64
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.partners.deliveries import RIGHT
from tests.unit.partners.test_verified_deliveries import as_case, judged_by_node

RUN_TIMEOUT_S = 60
PUBLIC_KEY_BYTES = 32


@dataclass(frozen=True)
class Signer:
    """An ed25519 key in a file, and its public half as partners get it."""

    file: Path
    public_key: str

    def sign(self, headers: dict[str, str], body: bytes) -> str:
        message = self.file.with_suffix(".message")
        message.write_bytes(
            f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        )
        command = ("pkeyutl", "-sign", "-rawin", "-inkey", str(self.file), "-in", str(message))
        return "v1a," + base64.b64encode(openssl(*command)).decode()


def openssl(*arguments: str) -> bytes:
    command = ["openssl", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=RUN_TIMEOUT_S).stdout


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    file = tmp_path_factory.mktemp("ed25519") / "key.pem"
    file.write_bytes(openssl("genpkey", "-algorithm", "ed25519"))
    der = openssl("pkey", "-in", str(file), "-pubout", "-outform", "DER")
    return Signer(file, "whpk_" + base64.b64encode(der[-PUBLIC_KEY_BYTES:]).decode())


def case(signer: Signer, signatures: str, **others: str) -> dict[str, Any]:
    headers = RIGHT.headers | {"webhook-signature": signatures}
    return (
        as_case(RIGHT) | {"headers": headers, "secret": "", "publicKey": signer.public_key} | others
    )


def test_a_signature_of_the_private_key_is_verified(signer: Signer) -> None:
    right = signer.sign(RIGHT.headers, RIGHT.body)
    of_another_body = signer.sign(RIGHT.headers, RIGHT.body + b" ")

    verdicts = judged_by_node(
        [
            case(signer, right),
            case(signer, f"{of_another_body} {RIGHT.signatures} {right}"),
            case(signer, right, secret=RIGHT.secret),
            case(signer, RIGHT.signatures, secret=RIGHT.secret),
            case(signer, of_another_body),
            case(signer, RIGHT.signatures),
            case(signer, right[:-4]),
            case(signer, "v1a," + "A" * 100_000),
            case(signer, "v1a,"),
            case(signer, "v1a"),
            case(signer, right, publicKey="", secret=RIGHT.secret),
        ]
    )

    assert verdicts == [True] * 4 + [False] * 7, json.dumps(verdicts)


def test_what_is_no_public_key_is_said_at_the_start(signer: Signer) -> None:
    right = signer.sign(RIGHT.headers, RIGHT.body)
    bad = ["whpk_", signer.public_key[5:], RIGHT.secret, signer.public_key[:-4], "whpk_é"]

    verdicts = judged_by_node([case(signer, right, publicKey=one) for one in bad])

    assert [str(one).partition(":")[0] for one in verdicts] == ["TypeError"] * len(bad)
