"""The language a mail is written in: its catalogue, and the locale of its numbers and dates."""

from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO, StringIO

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from notifications.writing import formats

SOURCE = "en"
CATALOGUES = {"de": "de", "fr": "fr", "pt": "pt_BR"}
DOMAIN = "notifications"
LOCALES_KEPT_MAX = 256  # Locales come from storefronts.


@dataclass(frozen=True, eq=False)
class Language:
    """``tag`` is that of the words (BCP 47); ``locale`` may be of another country.

    What is kept for one is found by its identity: to compare all it knows would take longer.
    """

    tag: str
    locale: Locale
    translations: NullTranslations

    def say(self, message: str, **values: str) -> str:
        """``message`` in this language; values are put in as they are, never read as braces."""
        return self.translations.gettext(message).format(**values)

    def count(self, one: str, many: str, number: int, **values: str) -> str:
        """The plural form that ``number`` asks for; ``{number}`` in it is written out."""
        message = self.translations.ngettext(one, many, number)
        return message.format(number=formats.number(self.locale, number), **values)


def marked(message: str) -> str:
    """``message`` itself: what is said later is found for the catalogues here."""
    return message


@lru_cache(LOCALES_KEPT_MAX)
def language_of(tag: str) -> Language:
    """The order's own locale, else its language, else English."""
    code = tag.split("-")[0].lower()
    if code not in (SOURCE, *CATALOGUES):
        return Language(SOURCE, Locale(SOURCE), NullTranslations())
    name = CATALOGUES.get(code)
    if name is None:
        return Language(SOURCE, _locale(tag, SOURCE), NullTranslations())
    return Language(name.replace("_", "-"), _locale(tag, name), catalogue(name))


def _locale(tag: str, otherwise: str) -> Locale:
    """What CLDR knows of ``tag``; a language without a country is formatted as its words."""
    try:
        return Locale.parse(tag if "-" in tag else otherwise.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse(otherwise)


@cache
def catalogue(name: str) -> GNUTranslations:
    """The translations of ``locales/<name>``, compiled here: the package holds text only."""
    folder = files("notifications") / "locales" / name / "LC_MESSAGES"
    source = StringIO((folder / f"{DOMAIN}.po").read_text("utf-8"))
    compiled = BytesIO()
    write_mo(compiled, read_po(source, locale=name, abort_invalid=True))
    compiled.seek(0)
    return GNUTranslations(compiled)


def load_catalogues() -> None:
    """Read them all now, so that a damaged one ends the start and not a mail."""
    for name in CATALOGUES.values():
        catalogue(name)
