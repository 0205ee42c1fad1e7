"""The text part: everything the HTML part says, for those who read text."""

from collections.abc import Iterator

from notifications.writing.content import Content, Goods, Line, Row
from notifications.writing.languages import Language, language_of


def text_of(content: Content) -> str:
    """Paragraphs apart by empty lines; lists are indented."""
    return "\n\n".join(_blocks(content, colon(language_of(content.language)))) + "\n"


def colon(language: Language) -> str:
    """What stands between a label and its value: some languages have a space before the colon."""
    return language.say("{label}: {value}", label="", value="")


def _blocks(content: Content, between: str) -> Iterator[str]:
    told = content.told
    yield told.headline
    yield content.greeting
    yield from told.paragraphs
    if told.panel:
        yield "\n".join(_row(one, between) for one in told.panel)
    if told.goods is not None:
        yield _list(told.goods.title, _goods(told.goods, between))
    yield _list(content.order.title, (_row(one, between) for one in content.order.rows))
    if content.address is not None:
        yield _list(content.address.title, iter(content.address.lines))
    yield f"-- \n{content.closing}"


def _goods(goods: Goods, between: str) -> Iterator[str]:
    for line in goods.lines:
        yield _row(_line(line), between)
    if goods.more:
        yield goods.more
    if goods.total is not None:
        yield _row(goods.total, between)


def _line(line: Line) -> Row:
    return Row(f"{line.name}, {line.note}" if line.note else line.name, line.amount)


def _row(row: Row, between: str) -> str:
    return f"{row.label}{between}{row.value}"


def _list(title: str, lines: Iterator[str]) -> str:
    return "\n".join((title, *(f"  {one}" for one in lines)))
