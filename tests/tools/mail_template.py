"""The HTML of customer mails, compiled from MJML to what mail programs can show."""

from pathlib import Path

import mrml

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "services/notifications/templates/mail.mjml"
COMPILED = Path("services/notifications/src/notifications/writing/mail.html")


def compiled() -> str:
    """The template as the service reads it: no fonts or images from other servers."""
    options = mrml.RenderOptions(fonts={})
    return mrml.to_html(SOURCE.read_text("utf-8"), None, options).content + "\n"
