"""The HTML of customer mails, compiled from MJML to what mail programs can show."""

import re
from pathlib import Path

import mrml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "services/notifications/templates/mail.mjml"
COMPILED = Path("services/notifications/src/notifications/writing/mail.html")


def compiled() -> str:
    """The template as the service reads it: no fonts or images from other servers.

    Spaces that nobody sees go: each mail would carry them.
    """
    options = mrml.RenderOptions(fonts={})
    html = mrml.to_html(SOURCE.read_text("utf-8"), None, options).content
    html = re.sub(r"([>}])\s+(?=[<{])", r"\1\n", html)
    return re.sub(r"\n\s+", "\n", html) + "\n"
