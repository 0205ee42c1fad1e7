"""A mail as a person reads it: its words without tags, and every string of its content."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from html.parser import HTMLParser
from typing import Any


class Reader(HTMLParser):
    """``words`` are what is shown; ``tags`` every element with its attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag in ("style", "title")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def text_in(html: str) -> str:
    """What is shown, spaces collapsed."""
    return " ".join(" ".join(read(html).words).split())


def strings_of(content: Any) -> Iterator[str]:
    """Every string a person reads of a mail's content, spaces collapsed."""
    if isinstance(content, str):
        yield " ".join(content.split())
    elif isinstance(content, tuple):
        for one in content:
            yield from strings_of(one)
    elif is_dataclass(content):
        for field in fields(content):
            if field.name not in ("tone", "language"):
                yield from strings_of(getattr(content, field.name))
