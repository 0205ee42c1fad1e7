"""What counts as a trace context, and what is kept of it."""

import pytest
from shared.observability import tracing

GOOD = f"00-{'a' * 32}-{'b' * 16}-01"


def test_a_context_is_read_and_written_as_it_was() -> None:
    context = tracing.parse_traceparent(GOOD)

    assert context is not None
    assert tracing.traceparent_of(context) == GOOD


@pytest.mark.parametrize("text", ["", GOOD + "\n", GOOD + "-more", GOOD[:-1], GOOD.upper()])
def test_anything_else_is_none(text: str) -> None:
    assert tracing.parse_traceparent(text) is None


def test_a_long_text_is_not_kept() -> None:
    tracing._parsed.cache_clear()

    tracing.parse_traceparent("a" * 1_000_000)

    assert tracing._parsed.cache_info().currsize == 0
