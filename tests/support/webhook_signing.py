"""Signs as a provider does (Standard Webhooks 1.0.0), apart from the code that verifies."""

import base64
import hashlib
import hmac

KEY = b"a-key-of-the-tests-of-32-bytes--"
NEW_KEY = b"the-key-that-takes-its-place-32-"


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def signature(event_id: str, timestamp_s: int, body: bytes, key: bytes = KEY) -> str:
    signed = f"{event_id}.{timestamp_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def signed_headers(
    event_id: str, timestamp_s: int, body: bytes, *keys: bytes, content_type: str = ""
) -> dict[str, str]:
    """The headers of one attempt, with a signature by each key, or by ``KEY``."""
    signatures = [signature(event_id, timestamp_s, body, key) for key in keys or (KEY,)]
    return {
        "content-type": content_type or "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(signatures),
    }
