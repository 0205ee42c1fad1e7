"""Amounts, dates and countries as readers of a locale write them."""

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from babel.numbers import format_currency, parse_pattern
from notifications.domain.money import decimal_of, exponent_of
from notifications.writing import formats

from tests.support.mailed_orders import PLACED_AT


@pytest.mark.parametrize(
    ("locale", "amount_minor", "currency", "text"),
    [
        ("en_GB", 0, "GBP", "£0.00"),
        ("en_GB", 5, "GBP", "£0.05"),
        ("en_GB", 123456789, "EUR", "€1,234,567.89"),
        ("de_DE", 123456, "EUR", "1.234,56\u00a0€"),
        ("fr_FR", 123456, "EUR", "1\u202f234,56\u00a0€"),
        ("pt_BR", 123456, "BRL", "R$\u00a01.234,56"),
        ("en_GB", 1500, "JPY", "JP¥1,500"),
        ("en_GB", 1500, "KWD", "KWD\u00a01.500"),
        ("de_DE", 15000, "CLF", "1,5000\u00a0CLF"),
        ("en_GB", -1530, "GBP", "-£15.30"),
        ("en_GB", 1530, "QQQ", "QQQ\u00a015.30"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency_and_the_marks_of_the_locale(
    locale: str, amount_minor: int, currency: str, text: str
) -> None:
    assert formats.money(Locale.parse(locale), amount_minor, currency) == text


def patterns() -> dict[str, Locale]:
    """A locale for each way in which amounts are written."""
    found = {}
    for name in locale_identifiers():
        locale = Locale.parse(name)
        if "standard" in locale.currency_formats:
            found[locale.currency_formats["standard"].pattern] = locale
    return found


@pytest.mark.parametrize("currency", ["GBP", "JPY", "KWD", "CLF", "CHF", "QQQ", "it's", "\u00a4"])
def test_an_amount_is_written_as_cldr_has_it_but_for_its_decimals(currency: str) -> None:
    for text, locale in patterns().items():
        pattern = parse_pattern(text)
        pattern.frac_prec = (exponent_of(currency),) * 2
        for minor in (0, 7, -1530, 123456789):
            amount = decimal_of(minor, currency)
            usual = format_currency(amount, currency, pattern, locale, currency_digits=False)
            spaced = formats._CODE_AT_DIGIT.sub("\\1\u00a0", usual)
            assert formats.money(locale, minor, currency) == spaced


def test_decimals_are_those_of_iso_4217_where_cldr_has_others() -> None:
    """CLDR shows Iraqi dinars without decimals; they have three."""
    assert formats.money(Locale("en"), 1500, "IQD") == "IQD\u00a01.500"


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en_GB", "1 March 2026"),
        ("en_US", "March 1, 2026"),
        ("de_DE", "1. März 2026"),
        ("fr_FR", "1 mars 2026"),
        ("pt_BR", "1 de março de 2026"),
    ],
)
def test_a_date_has_its_month_in_words(locale: str, text: str) -> None:
    assert formats.date(Locale.parse(locale), PLACED_AT) == text


@pytest.mark.parametrize(
    ("locale", "code", "name"),
    [("de", "GB", "Vereinigtes Königreich"), ("pt_BR", "DE", "Alemanha"), ("fr", "QQ", "QQ")],
)
def test_a_country_is_named_where_it_has_a_name(locale: str, code: str, name: str) -> None:
    assert formats.country(Locale.parse(locale), code) == name
