"""The text part: everything the HTML part says, for those who read text."""

from collections.abc import Iterator

from notifications.writing.content import Content, Goods, Line, Row


def text_of(content: Content) -> str:
    """Paragraphs apart by empty lines; lists are indented."""
    return "\n\n".join(_blocks(content)) + "\n"


def _blocks(content: Content) -> Iterator[str]:
    told = content.told
    yield told.headline
    yield content.greeting
    yield from told.paragraphs
    if told.panel:
        yield "\n".join(map(_row, told.panel))
    if told.goods is not None:
        yield _goods(told.goods)
    yield _list(content.order.title, [_row(one) for one in content.order.rows])
    if content.address is not None:
        yield _list(content.address.title, list(content.address.lines))
    yield f"-- \n{content.closing}"


def _goods(goods: Goods) -> str:
    lines = [_line(one) for one in goods.lines]
    if goods.more:
        lines.append(goods.more)
    if goods.total is not None:
        lines.append(_row(goods.total))
    return _list(goods.title, lines)


def _line(line: Line) -> str:
    described = f"{line.name}, {line.note}" if line.note else line.name
    return f"{described}: {line.amount}"


def _row(row: Row) -> str:
    return f"{row.label}: {row.value}"


def _list(title: str, lines: list[str]) -> str:
    return "\n".join((title, *(f"  {one}" for one in lines)))
