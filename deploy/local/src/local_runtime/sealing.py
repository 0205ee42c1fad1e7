"""The key that seals partners' secrets in a stack's database; it stays beside the stack."""

import base64
import os
import secrets
from pathlib import Path

KEY_BYTES = 32


def sealing_key(file: Path) -> str:
    """The key in ``file``, made when there is none; nobody but its owner may read it."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    with os.fdopen(descriptor, "w") as opened:
        opened.write(key)
    return key
