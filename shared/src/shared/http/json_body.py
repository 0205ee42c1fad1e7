"""A JSON body, read strictly: what is ambiguous, or cannot be stored, is refused by its name."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from shared.contracts.json_members import Repeated, members_once, repeated_member, values
from shared.contracts.storefront import GIVEN_TWICE, UNSTORABLE, shown_pointer
from shared.http.cardholder import holds_card, is_code_member, may_hold_card
from shared.http.problem import Problem


def read_json(body: bytes) -> Any:
    """The value of a JSON text (RFC 8259) in UTF-8 without a byte order mark.

    Raises ``Problem`` 400 ``malformed-json`` or ``duplicate-member``; 422 ``invalid-text`` for
    NUL and lone surrogates, ``cardholder-data-refused`` for what looks like a card.
    """
    try:
        value = _STRICT.decode(body.decode())
    except Repeated:
        raise _duplicate_member(body) from None
    except (ValueError, RecursionError):
        raise Problem(400, "malformed-json", "The body is not JSON in UTF-8.") from None
    if b"\\u" in body:
        _refuse_unstorable(value)
    if may_hold_card(body):
        _refuse_cards(value)
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=members_once, parse_constant=_refuse_constant)
_REPEATING = json.JSONDecoder(parse_constant=_refuse_constant)


def _duplicate_member(body: bytes) -> Problem:
    """Unless what follows the member is no JSON."""
    text = body.decode()
    try:
        _REPEATING.decode(text)
        where = repeated_member(text)
    except (ValueError, RecursionError):
        return Problem(400, "malformed-json", "The body is not JSON in UTF-8.")
    assert where is not None
    error = {"pointer": shown_pointer(where), "detail": GIVEN_TWICE}
    return Problem(400, "duplicate-member", "A member's name is given twice.", errors=[error])


def _refuse_unstorable(value: Any) -> None:
    for path, one in values(value):
        texts = (one,) if isinstance(one, str) else one if isinstance(one, dict) else ()
        if any(UNSTORABLE.search(text) for text in texts):
            raise invalid_text(path)


def invalid_text(path: Sequence[int | str]) -> Problem:
    """422: text that PostgreSQL, or UTF-8, cannot hold."""
    error = {"pointer": shown_pointer(path), "detail": "must not contain NUL or lone surrogates"}
    return Problem(422, "invalid-text", "A text cannot be stored as it is.", errors=[error])


def _refuse_cards(value: Any) -> None:
    for path, one in values(value):
        if isinstance(one, str) and holds_card(one):
            raise cardholder_data_refused(path)
        if isinstance(one, dict):
            for name, inner in one.items():
                if holds_card(name) or is_code_member(name, inner):
                    raise cardholder_data_refused(path)


def cardholder_data_refused(path: Sequence[int | str] = ()) -> Problem:
    """422, without the value: a card's number must not even be told back."""
    error = {
        "pointer": shown_pointer(path),
        "detail": "looks like a card's number or security code",
    }
    return Problem(
        422, "cardholder-data-refused", "Send a provider's token, no card data.", errors=[error]
    )
