"""The HTML part: the compiled template, with everything put in escaped."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined, Template

from notifications.writing.content import Content, Shop, Tone

TEMPLATE = "mail.html"


class Colours(NamedTuple):
    """Of a badge, both with a contrast above 4.5 to each other (WCAG 2.1, AA)."""

    background: str
    text: str


BADGES: dict[Tone, Colours] = {
    "good": Colours("#dcf5e6", "#12633b"),
    "wait": Colours("#deecff", "#1b4f91"),
    "calm": Colours("#e9ecf1", "#404b5a"),
}


def html_of(content: Content, subject: str, shop: Shop) -> str:
    """What comes from customers is text: neither tags nor braces in it mean anything."""
    told = content.told
    badge = BADGES[told.tone]
    return template().render(mail=content, told=told, subject=subject, shop=shop, badge=badge)


@cache
def template() -> Template:
    """``mail.html``, compiled from ``templates/mail.mjml`` when it was committed."""
    source = (files("notifications.writing") / TEMPLATE).read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(source)
