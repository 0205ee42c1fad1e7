"""The HTML part: what mail programs, screen readers and dark screens need of it."""

import re

import pytest
from notifications.writing.content import Shop
from notifications.writing.html import BADGES, Colours
from notifications.writing.mails import write

from tests.tools import mail_examples
from tests.unit.notifications.reading import Reader, read

NAMES = sorted(mail_examples.facts("GBP"))
SHOP = Shop("The Shop", "https://shop.example/logo.png")
CONTRAST_MIN = 4.5  # WCAG 2.1, 1.4.3, level AA.


def html(name: str, locale: str = "en-GB") -> str:
    fact = mail_examples.facts("GBP")[name]
    return write(fact, mail_examples.customer(locale), "A subject", SHOP).html


def attributes(reader: Reader, tag: str) -> list[dict[str, str | None]]:
    return [found for name, found in reader.tags if name == tag]


@pytest.mark.parametrize(("locale", "language"), [("en-GB", "en"), ("pt-PT", "pt-BR")])
def test_the_language_is_said_for_those_who_listen(locale: str, language: str) -> None:
    (root,) = attributes(read(html("1-received", locale)), "html")

    assert (root["lang"], root["dir"]) == (language, "ltr")


@pytest.mark.parametrize("name", NAMES)
def test_only_goods_are_a_table_to_those_who_listen(name: str) -> None:
    tables = attributes(read(html(name)), "table")
    data = [one for one in tables if one.get("role") != "presentation"]

    assert len(data) == ("What you ordered" in html(name) or "In this parcel" in html(name))
    assert len(tables) > 10


@pytest.mark.parametrize("name", NAMES)
def test_there_is_one_heading_and_every_image_has_words(name: str) -> None:
    reader = read(html(name))

    assert len(attributes(reader, "h1")) == 1
    assert [one["alt"] for one in attributes(reader, "img")] == ["The Shop"]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_words_are_the_preview_and_say_more_than_the_subject(name: str) -> None:
    words = [one.strip() for one in read(html(name)).words if one.strip()]

    assert words[0].endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_loaded_from_elsewhere_but_the_shops_own_logo(name: str) -> None:
    """Images, fonts and scripts of others tell them who reads what, and mails lose them."""
    without_schemas = re.sub(r'xmlns(:\w)?="[^"]*"', "", html(name))
    found = re.findall(r"(?:https?:)?//[\w./-]+|@import|<script|<link|url\(", without_schemas)

    assert found == ["https://shop.example/logo.png"]


def test_dark_screens_are_provided_for() -> None:
    metas = {
        one.get("name"): one.get("content") for one in attributes(read(html(NAMES[0])), "meta")
    }

    assert metas["color-scheme"] == metas["supported-color-schemes"] == "light dark"
    assert "@media (prefers-color-scheme: dark)" in html(NAMES[0])


@pytest.mark.parametrize("colours", BADGES.values(), ids=BADGES)
def test_a_badge_can_be_read(colours: Colours) -> None:
    light, dark = sorted(map(luminance, colours), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= CONTRAST_MIN


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.1)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
