"""Amounts, numbers, dates and countries as readers of a locale write them (CLDR)."""

import re
from datetime import datetime
from functools import lru_cache

from babel import Locale
from babel.dates import format_date
from babel.numbers import (
    NumberPattern,
    format_decimal,
    get_currency_symbol,
    parse_pattern,
)

from notifications.domain.money import decimal_of, exponent_of

PATTERNS_KEPT_MAX = 1_024
TEXTS_KEPT_MAX = 16_384  # The same few prices and days come again and again.
SIGN = "\u00a4"  # CLDR: where the currency's sign goes in a pattern.
_CODE_AT_DIGIT = re.compile(r"([A-Z])(?=\d)")


@lru_cache(TEXTS_KEPT_MAX)
def money(locale: Locale, amount_minor: int, currency: str) -> str:
    """``(en_GB, 123456, "GBP")`` gives ``£1,234.56``; the decimals are ISO 4217's, not CLDR's."""
    text = _pattern(locale, currency).apply(decimal_of(amount_minor, currency), locale)
    return _CODE_AT_DIGIT.sub("\\1\u00a0", text)


@lru_cache(TEXTS_KEPT_MAX)
def number(locale: Locale, value: int) -> str:
    return format_decimal(value, locale=locale)


def date(locale: Locale, at: datetime) -> str:
    """The day, with the month in words: 3/4 is another day elsewhere."""
    return _date(locale, at.year, at.month, at.day)


@lru_cache(TEXTS_KEPT_MAX)
def _date(locale: Locale, year: int, month: int, day: int) -> str:
    return format_date(datetime(year, month, day), "long", locale)  # noqa: DTZ001


def country(locale: Locale, code: str) -> str:
    """The country's name (ISO 3166-1 alpha-2), or the code when it has none."""
    return str(locale.territories.get(code, code))


@lru_cache(PATTERNS_KEPT_MAX)
def _pattern(locale: Locale, currency: str) -> NumberPattern:
    """The locale's, with the currency's sign in its place.

    Babel looks for the currency's name in each amount's plural form, even where only a sign goes.
    """
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    sign = get_currency_symbol(currency, locale)
    pattern.prefix, pattern.suffix = (
        (positive.replace(SIGN, sign), negative.replace(SIGN, sign))
        for positive, negative in (pattern.prefix, pattern.suffix)
    )
    pattern.frac_prec = (exponent_of(currency), exponent_of(currency))
    return pattern
