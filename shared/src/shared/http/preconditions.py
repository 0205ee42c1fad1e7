"""Conditional requests (RFC 9110, 13): the entity tag is the version."""

import re
from typing import Any

from fastapi import Request

from shared.http.problem import Problem

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


IF_MATCH: dict[str, Any] = {
    "parameters": [{"name": "If-Match", "in": "header", "schema": {"type": "string"}}]
}
IF_NONE_MATCH: dict[str, Any] = {
    "parameters": [{"name": "If-None-Match", "in": "header", "schema": {"type": "string"}}]
}


def tag_of(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def not_modified(request: Request, tag: str) -> bool:
    """Whether If-None-Match names what would be answered; weak comparison (13.1.2)."""
    return _names(request, "if-none-match", tag, weak=True)


def require_match(request: Request, tag: str) -> None:
    """Raises ``Problem`` 412 when If-Match names other versions; strong comparison (13.1.1)."""
    if "if-match" in request.headers and not _names(request, "if-match", tag, weak=False):
        raise Problem(
            412,
            "precondition-failed",
            "It was changed since it was read.",
            headers={"ETag": tag},
        )


def _names(request: Request, header: str, tag: str, *, weak: bool) -> bool:
    listed = ", ".join(request.headers.getlist(header))
    if listed.strip() == "*":
        return True
    return any(f'"{one}"' == tag and (weak or not w) for w, one in _TAG.findall(listed))
