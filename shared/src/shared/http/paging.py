"""Pages by key: a cursor is where the last page ended, and of which question."""

import base64
import binascii
from collections.abc import Mapping
from hashlib import blake2b
from urllib.parse import urlencode

from shared.http.problem import Problem

CURSOR_LENGTH_MAX = 300
DIGITS_MAX = 18
_CHECK_BYTES = 9

Filters = Mapping[str, str | None]


def cursor_after(last_key: str, filters: Filters) -> str:
    """An opaque text that only the same question may be continued with."""
    packed = _check(last_key, filters) + last_key.encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def key_of_cursor(cursor: str | None, filters: Filters) -> str | None:
    """Where to go on; without a cursor, nowhere. Raises ``Problem`` 400 for another question's."""
    if not cursor:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        check, key = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:].decode()
    except (binascii.Error, ValueError):
        raise _invalid_cursor() from None
    if check != _check(key, filters) or cursor_after(key, filters) != cursor:
        raise _invalid_cursor()
    return key


def number_of_cursor(cursor: str | None, filters: Filters) -> int | None:
    """Where to go on when keys are numbers. Raises ``Problem`` 400 for what is none of ours."""
    key = key_of_cursor(cursor, filters)
    if key is None:
        return None
    if not (key.isascii() and key.isdigit() and len(key) <= DIGITS_MAX):
        raise _invalid_cursor()
    return int(key)


def next_link(path: str, filters: Filters, limit: int, cursor: str) -> str:
    """The Link header (RFC 8288) of the page after this one."""
    asked = {name: value for name, value in filters.items() if value is not None}
    return f'<{path}?{urlencode({**asked, "limit": limit, "cursor": cursor})}>; rel="next"'


def _check(key: str, filters: Filters) -> bytes:
    """Tells a cursor from a changed one. It guards against mistakes; what it holds is no secret."""
    asked = sorted((name, value) for name, value in filters.items() if value is not None)
    return blake2b(repr((key, asked)).encode(), digest_size=_CHECK_BYTES).digest()


def _invalid_cursor() -> Problem:
    return Problem(400, "invalid-cursor", "Send next_cursor as it was, with the same filters.")
