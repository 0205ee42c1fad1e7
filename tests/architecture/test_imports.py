"""Who may know whom: services meet in Kafka topics, and nowhere in code."""

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import shared
from tests.architecture.source import ROOT

KNOWS_TOO_MUCH = """
[tool.importlinter]
root_packages = ["shared"]

[[tool.importlinter.contracts]]
name = "shared must not use what it stands on"
type = "forbidden"
source_modules = ["shared.messaging"]
forbidden_modules = ["shared.contracts"]
"""


def lint(config: Path) -> int:
    return lint_imports(config_filename=str(config), no_cache=True)


def test_import_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """A service that imports another cannot be deployed, tested or understood alone."""
    code = lint(ROOT / "pyproject.toml")

    assert code == 0, capsys.readouterr().out


def test_a_broken_import_contract_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text(KNOWS_TOO_MUCH)

    assert lint(config) != 0
    assert "shared must not use what it stands on BROKEN" in capsys.readouterr().out


def test_shared_is_the_installed_package() -> None:
    """Uninstalled, ``import shared`` at the root gives an empty namespace without an error."""
    assert shared.__file__ is not None
    assert Path(shared.__file__).name == "__init__.py"
    assert Path(shared.__file__).parent.name == "shared"
    assert Path(shared.__file__).parent.parent.name in ("src", "site-packages")
