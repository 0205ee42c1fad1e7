"""Generated parts of a document, between two markers; the rest is written by hand."""

from collections.abc import Mapping, Sequence


def replaced(text: str, blocks: Mapping[str, str]) -> str:
    """``text`` with each named block's content renewed.

    A block that is missing is put under the heading of its name, or appended with one.
    """
    for name, content in blocks.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        block = f"{begin}\n\n{content.strip()}\n\n{end}"
        heading = f"## {name.capitalize()}\n"
        before, found, rest = text.partition(begin)
        if found:
            text = before + block + rest.partition(end)[2]
        elif heading in text:
            text = text.replace(heading, f"{heading}\n{block}\n", 1)
        else:
            text = f"{text.rstrip()}\n\n{heading}\n{block}\n".lstrip()
    return text


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a pipe in a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join(f"| {line} |" for line in cells)
