"""How amounts, times and lengths of time are written on a page."""

from datetime import UTC, datetime

import pytest
from console.render import clock, moment, money, pretty, seconds, tone


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1530, "GBP", "£15.30"),
        (0, "EUR", "€0.00"),
        (1530, "JPY", "¥1,530"),
        (1530, "KWD", "KWD1.530"),
        (None, "GBP", "–"),
        (7, None, "7"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(
    minor: int | None, currency: str | None, text: str
) -> None:
    assert money(minor, currency).replace("\xa0", " ") == text


@pytest.mark.parametrize("at", ["2026-11-30T11:00:00.1234+01:00", "2026-11-30T10:00:00.1234Z"])
def test_moments_are_utc_with_milliseconds(at: str) -> None:
    assert ">2026-11-30 10:00:00.123</time>" in moment(at)


def test_what_is_no_moment_is_shown_as_text() -> None:
    assert moment(None) == clock(None) == "–"
    assert moment("<b>") == "&lt;b&gt;"
    assert ">10:00:00</time>" in clock(datetime(2026, 11, 30, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.347, "347 ms"), (1.26, "1.3 s"), (600, "10 min"), (86_400, "24 h"), (None, "–")],
)
def test_lengths_of_time_have_as_much_of_them_as_one_reads(value: float | None, text: str) -> None:
    assert seconds(value) == text


def test_a_word_that_is_not_known_waits() -> None:
    assert [tone(one) for one in ("confirmed", "expired", "voided", "pending", None)] == [
        *("good", "bad", "calm", "wait", "wait")
    ]


def test_data_is_written_to_be_read_whatever_it_holds() -> None:
    assert pretty('{"a": "ü"}') == '{\n  "a": "ü"\n}'
