"""Mails are in the language of the order, and every message is translated."""

import string
from typing import get_args

import pytest
from notifications.domain.fact import KINDS, Kind
from notifications.writing.languages import CATALOGUES, language_of
from notifications.writing.mails import content_of
from notifications.writing.subject import SUBJECTS
from notifications.writing.telling import TELLERS
from notifications.writing.text import colon

from tests.tools import catalogues, mail_examples
from tests.unit.notifications.reading import strings_of

NAMES = sorted(CATALOGUES.values())


def forms(message: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Singular and plurals; nothing of what is not translated."""
    return (message,) if isinstance(message, str) else tuple(message or ())


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_source_has_the_messages_of_every_mail() -> None:
    ids = {one for message in catalogues.source() for one in forms(message.id)}

    assert ids >= set(SUBJECTS.values())
    assert "Hello {name}," in ids
    assert "and {number} more lines" in ids
    assert len(ids) > 60


def test_every_kind_of_fact_has_a_subject_and_a_mail() -> None:
    assert set(get_args(Kind)) == set(SUBJECTS) == set(TELLERS) == set(KINDS.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_message_is_translated_in_all_its_forms(name: str) -> None:
    """Run ``python -m tests.tools.docs`` for what is new, and translate it."""
    catalogue = catalogues.catalogue(name)
    wanted = [message.id for message in catalogues.source() if message.id]
    missing = [
        one
        for one in wanted
        if (found := catalogue.get(one)) is None
        or found.fuzzy
        or not all(forms(found.string))
        or len(forms(found.string)) != (1 if isinstance(one, str) else catalogue.num_plurals)
    ]

    assert missing == []
    assert {message.id for message in catalogue} <= {*wanted, ""}


@pytest.mark.parametrize("name", NAMES)
def test_a_translation_has_the_placeholders_of_its_message(name: str) -> None:
    for message in catalogues.catalogue(name):
        for translated in forms(message.string) if message.id else ():
            assert placeholders(translated) == placeholders(forms(message.id)[0]), translated


@pytest.mark.parametrize("locale", mail_examples.LOCALES)
def test_a_label_comes_before_its_value_in_every_language(locale: str) -> None:
    language = language_of(locale)
    whole = language.say("{label}: {value}", label="Total", value="{1}")

    assert whole == f"Total{colon(language)}{{1}}"


@pytest.mark.parametrize("locale", [one for one in mail_examples.LOCALES if one != "en-GB"])
def test_no_mail_says_anything_in_english_but_what_is_the_same(locale: str) -> None:
    """A message that is put together of parts, or not marked, would show here."""
    translate = language_of(locale).translations.gettext
    buyer = mail_examples.customer(locale)
    english = mail_examples.customer("en-GB")
    given = set(strings_of(tuple(line.description for line in mail_examples.LINES)))

    for name, fact in mail_examples.facts("EUR").items():
        said = set(strings_of(content_of(fact, buyer, mail_examples.SHOP)))
        same = said & set(strings_of(content_of(fact, english, mail_examples.SHOP)))
        same -= {one for one in same if translate(one) == one and " " not in one} | given
        customers_own = {"Customer 17850", "1 Sample Street", "Royal Post", "RP 1234 5678 9GB"}
        assert same <= customers_own | {"× 6", ""}, name


@pytest.mark.parametrize(
    ("tag", "words", "formats"),
    [
        ("en-GB", "en", "en_GB"),
        ("en", "en", "en"),
        ("de", "de", "de"),
        ("de-AT", "de", "de_AT"),
        ("fr-CA", "fr", "fr_CA"),
        ("pt-BR", "pt-BR", "pt_BR"),
        ("pt", "pt-BR", "pt_BR"),
        ("pt-PT", "pt-BR", "pt_PT"),
        ("de-Latn-DE", "de", "de_DE"),
        ("de-QQ", "de", "de"),
        ("ja-JP", "en", "en"),
        ("zz", "en", "en"),
        ("", "en", "en"),
    ],
)
def test_the_language_of_an_order_is_its_locale_else_its_language_else_english(
    tag: str, words: str, formats: str
) -> None:
    language = language_of(tag)

    assert language.tag == words
    assert str(language.locale) == formats


@pytest.mark.parametrize(
    ("tag", "number", "said"),
    [
        ("en", 0, "and 0 more lines"),
        ("en", 1, "and 1 more line"),
        ("de", 2, "und 2 weitere Positionen"),
        ("fr", 0, "et 0 autre ligne"),
        ("fr", 1, "et 1 autre ligne"),
        ("pt-BR", 1_500, "e mais 1.500 produtos"),
    ],
)
def test_a_plural_is_that_of_the_language(tag: str, number: int, said: str) -> None:
    said_now = language_of(tag).count("and {number} more line", "and {number} more lines", number)

    assert said_now == said
