"""Text from outside, made fit for one line of a mail."""

import unicodedata

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"  # Persian words and emoji of several people need them.


def one_line(text: str, characters_max: int | None = None) -> str:
    """``text`` without line breaks or control and format characters, its spaces collapsed.

    Headers cannot be injected with it, and it cannot pretend to be a paragraph of ours.
    What is longer than ``characters_max`` ends in an ellipsis.
    """
    if not text.isprintable():
        text = "".join(" " if _is_unprintable(one) else one for one in text)
    line = " ".join(text.split())
    if characters_max is None or len(line) <= characters_max:
        return line
    return line[: characters_max - 1].rstrip() + "…"


def _is_unprintable(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _UNPRINTABLE
