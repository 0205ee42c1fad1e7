"""The HTML part: the compiled templates, with everything put in escaped."""

from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, StrictUndefined, Template

from notifications.writing.content import Content, Shop, Step, Tone

TEMPLATES = ("mail.html", "steps.html")
STEPS_KEPT_MAX = 64


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
    return template("mail.html").render(
        mail=content,
        told=told,
        subject=subject,
        shop=shop,
        badge=BADGES[told.tone],
        steps=_steps(told.steps),
    )


@lru_cache(STEPS_KEPT_MAX)
def _steps(steps: tuple[Step, ...]) -> str:
    """Safe HTML; so many orders have come as far, in the same words."""
    return template("steps.html").render(steps=steps)


@cache
def template(name: str) -> Template:
    """``mail.html``, compiled from ``templates/mail.mjml`` when it was committed, or a part of it.

    It knows nothing but what it is given.
    """
    source = (files("notifications.writing") / name).read_text("utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    return environment.from_string(source)


def load_templates() -> None:
    """Compile them now, so that a damaged one ends the start and not a mail."""
    for name in TEMPLATES:
        template(name)
