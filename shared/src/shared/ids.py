"""Ids: UUIDv7 (RFC 9562) with a prefix that says what they name."""

import uuid_utils


def new_id(prefix: str) -> str:
    """``new_id("ord")`` gives ``ord_`` and 32 hexadecimal digits; later ids sort later."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"
