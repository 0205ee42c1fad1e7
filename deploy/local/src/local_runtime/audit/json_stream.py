"""A JSON array of objects read one object at a time, so that its size does not matter."""

import json
from codecs import getincrementaldecoder
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

OBJECT_CHARACTERS_MAX = 1_000_000


async def objects(chunks: AsyncIterable[bytes]) -> AsyncIterator[dict[str, Any]]:
    """Each object as soon as it is whole. Raises ``ValueError`` where it is no such array."""
    decode, read = getincrementaldecoder("utf-8")().decode, json.JSONDecoder().raw_decode
    text, opened = "", False
    async for chunk in chunks:
        text += decode(chunk)
        if not opened and text.lstrip():
            if not text.lstrip().startswith("["):
                raise ValueError("no JSON array")
            text, opened = text.lstrip()[1:], True
        end = 0
        while (start := text.find("{", end)) >= 0:
            try:
                found, end = read(text, start)
            except json.JSONDecodeError:
                break
            yield found
        text = text[end:]
        if len(text) > OBJECT_CHARACTERS_MAX:
            raise ValueError("an object without an end")
    if text.strip() != "]":
        raise ValueError("the array has no end")
