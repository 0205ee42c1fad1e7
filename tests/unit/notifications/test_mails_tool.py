"""The tool that shows every mail writes files that mail programs and browsers open."""

from email import message_from_bytes, policy
from pathlib import Path

from tests.tools import mails
from tests.tools.mail_examples import LOCALES, facts


def test_every_mail_is_written_in_every_language(tmp_path: Path) -> None:
    assert mails.main([str(tmp_path / "out")]) == 0

    names = {f"{name}.{locale}" for name in facts("GBP") for locale in LOCALES}
    written = sorted((tmp_path / "out").iterdir())
    assert {one.name for one in written} == {
        f"{name}.{kind}" for name in names for kind in ("html", "txt", "eml")
    }
    for file in (tmp_path / "out").glob("*.eml"):
        letter = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert letter.get_content_type() == "multipart/alternative"
        assert [part.defects for part in letter.walk() if part.defects] == []
