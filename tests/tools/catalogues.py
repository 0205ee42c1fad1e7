"""The catalogues of customer mails, with all messages of the source and no others.

What is new in the source comes in untranslated, and a test fails until somebody translates it.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from notifications.writing.languages import DOMAIN

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path("services/notifications/src/notifications")
KEYWORDS = {"say": None, "marked": None, "count": (1, 2)}
COLUMNS = 96
HEADER = """\
# What customer mails say; the source is English.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def source() -> Catalog:
    """Every message the service can say, with the files it is in."""
    found = Catalog(charset="utf-8")
    modules = [("writing/*.py", "python")]
    for file, _, message, _, _ in extract_from_dir(str(ROOT / PACKAGE), modules, keywords=KEYWORDS):
        # Without its line: a catalogue changes when its messages do.
        found.add(message, locations=[(file, 0)])
    return found


def file_of(name: str) -> Path:
    return PACKAGE / "locales" / name / "LC_MESSAGES" / f"{DOMAIN}.po"


def catalogue(name: str) -> Catalog:
    """The committed catalogue of one language."""
    committed = BytesIO((ROOT / file_of(name)).read_bytes())
    return read_po(committed, locale=name, abort_invalid=True)


def updated(name: str) -> str:
    """The text of the catalogue as it should be."""
    translated = catalogue(name)
    translated.update(source(), no_fuzzy_matching=True)
    written = BytesIO()
    write_po(
        written,
        translated,
        width=COLUMNS,
        omit_header=True,
        sort_by_file=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    header = HEADER.format(language=name, plural_forms=translated.plural_forms)
    return header + written.getvalue().decode()
