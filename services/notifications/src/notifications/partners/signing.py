"""Signatures as Standard Webhooks 1.0 says, and secrets at rest."""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from shared.errors import Permanent

SECRET_BYTES_MIN, SECRET_BYTES_MAX, SECRET_BYTES = 24, 64, 32
SEED_BYTES = 32
VAULT_KEY_BYTES = 32
NONCE_BYTES = 12
SECRET_PREFIX, PUBLIC_PREFIX = "whsec_", "whpk_"


class SecretUnreadable(Permanent):
    """The setting holds another key than the one the secret was sealed with."""


@dataclass(frozen=True, slots=True)
class Secret:
    """``shared`` signs as ``v1`` (HMAC-SHA256), ``seed`` as ``v1a`` (ed25519)."""

    shared: bytes = field(repr=False)
    seed: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """``whsec_…``: whoever has it can sign as we do."""
        return SECRET_PREFIX + base64.b64encode(self.shared).decode()

    @property
    def public_key(self) -> str:
        """``whpk_…``: whoever has it can only verify."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return PUBLIC_PREFIX + base64.b64encode(public.public_bytes_raw()).decode()

    def sign(self, signed: bytes) -> list[str]:
        """One entry of the header for each scheme."""
        code = hmac.digest(self.shared, signed, hashlib.sha256)
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(signed)
        return [
            f"v1,{base64.b64encode(code).decode()}",
            f"v1a,{base64.b64encode(signature).decode()}",
        ]


def new_secret(given: str | None = None) -> Secret:
    """A random one, or one that is ``given`` as ``whsec_`` and base64 of 24 to 64 bytes.

    Raises ``ValueError`` for another text. The ed25519 key is always ours.
    """
    shared = os.urandom(SECRET_BYTES) if given is None else _read(given)
    return Secret(shared, os.urandom(SEED_BYTES))


def _read(given: str) -> bytes:
    try:
        shared = base64.b64decode(given.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        shared = b""
    if not SECRET_BYTES_MIN <= len(shared) <= SECRET_BYTES_MAX:
        raise ValueError("whsec_ and base64 of 24 to 64 bytes")
    return shared


def headers_of(
    secrets: Sequence[Secret], event_id: str, timestamp_s: int, body: bytes
) -> dict[str, str]:
    """The three headers of a delivery; signatures by every secret that is valid, the newest first.

    ``webhook-id`` stays over all attempts, ``webhook-timestamp`` is the attempt's.
    """
    signed = b".".join((event_id.encode(), str(timestamp_s).encode(), body))
    signatures = [entry for secret in secrets for entry in secret.sign(signed)]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals secrets for the database with AES-256-GCM, each bound to its endpoint."""

    key: bytes = field(repr=False)

    def seal(self, endpoint_id: str, secret: Secret) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        plain = secret.seed + secret.shared
        return nonce + AESGCM(self.key).encrypt(nonce, plain, endpoint_id.encode())

    def open(self, endpoint_id: str, sealed: bytes) -> Secret:
        """Raises ``SecretUnreadable``."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            plain = AESGCM(self.key).decrypt(nonce, rest, endpoint_id.encode())
        except (InvalidTag, ValueError):
            raise SecretUnreadable(endpoint_id) from None
        return Secret(plain[SEED_BYTES:], plain[:SEED_BYTES])

    def open_any(self, endpoint_id: str, sealed: Sequence[bytes]) -> list[Secret]:
        """Those of ``sealed`` that this key opens, in their order.

        Raises ``SecretUnreadable`` when there is none: a secret that was sealed with another key
        must not take the good one down with it.
        """
        opened: list[Secret] = []
        for one in sealed:
            with suppress(SecretUnreadable):
                opened.append(self.open(endpoint_id, one))
        if not opened:
            raise SecretUnreadable(endpoint_id)
        return opened
