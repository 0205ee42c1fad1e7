"""Each service is installed alone, and what is committed works on every machine."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SERVICES, files

REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|repo1?\.maven\.|maven\.apache\.org|registry\.npmjs"
    r"|docker\.io|ghcr\.io|quay\.io|gcr\.io|mcr\.microsoft|proxy\.golang"
)
PACKAGING = re.compile(
    r"(requirements.*\.txt|lock|lock\.json|lock\.toml|\.lock|pom\.xml|Dockerfile[^/]*"
    r"|pyproject\.toml|package\.json|Makefile|\.sh)$"
)
ADDRESS = re.compile(r"https?://(?!localhost|127\.0\.0\.1|\$\{?[A-Z_]+)")
MACHINE = re.compile(r"(^|[^A-Za-z0-9_.])/(work|root|farm|Users|home/\w+)/")

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for one in pkgutil.walk_packages(package.__path__, sys.argv[1] + "."):
    if not one.name.endswith("__main__"):
        importlib.import_module(one.name)
"""


def migrations(service: str) -> list[str]:
    """The names of the SQL files a service keeps beside its code."""
    return sorted(
        name.rpartition("/")[2]
        for name in files()
        if name.startswith(f"services/{service}/src/{service}/migrations/")
    )


@pytest.fixture(scope="module")
def uv() -> str:
    return str(Path(sysconfig.get_path("scripts")) / "uv")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_works_without_the_others(service: str, uv: str, tmp_path: Path) -> None:
    """Deployed alone means installed alone: a service and ``shared``, nothing else of ours."""
    python = install_alone(uv, tmp_path / "env", service)
    others = set(SERVICES) - {service}

    alone = run([python, "-c", IMPORT_ALL, service], tmp_path)
    assert alone.returncode == 0, alone.stderr

    for other in (*others, "local_runtime"):
        assert "ModuleNotFoundError" in run([python, "-c", f"import {other}"], tmp_path).stderr


@pytest.mark.parametrize("service", [one for one in SERVICES if migrations(one)])
def test_an_installed_service_brings_its_migrations(service: str, uv: str, tmp_path: Path) -> None:
    """SQL files are data; a wheel without them starts and finds no tables."""
    python = install_alone(uv, tmp_path / "env", service)
    listing = (
        "import shared.database.migrate as m, sys;"
        "print(*(one.name for one in m.migrations_of(sys.argv[1])))"
    )

    listed = run([python, "-c", listing, service], tmp_path)

    kept = ("messaging", "retention", "statistics", "set_aside", "receive")
    common = [f"0000_{name}.sql" for name in kept]
    assert listed.stdout.split() == [*common, *migrations(service)], listed.stderr


def test_installed_notifications_bring_their_template_and_catalogues(
    uv: str, tmp_path: Path
) -> None:
    """They are data as migrations are; without them no mail can be written."""
    python = install_alone(uv, tmp_path / "env", "notifications")
    look = (
        "from notifications.writing import html, languages;"
        "html.load_templates(); languages.load_catalogues();"
        "print(languages.language_of('pt-BR').say('Delivered'))"
    )

    told = run([python, "-c", look], tmp_path)

    assert told.stdout == "Entregue\n", told.stderr


def install_alone(uv: str, folder: Path, service: str) -> str:
    """An environment with every library of this one and of ours only ``service`` and shared.

    A path file lends the libraries. The members installed here are not lent with them: they
    are path files themselves, and Python does not follow those in a lent folder.
    """
    must(run([uv, "venv", "--quiet", "--offline", "--python", sys.executable, str(folder)], ROOT))
    python = folder / "bin" / "python"
    lent = next(folder.glob("lib/python*/site-packages")) / "lent.pth"
    lent.write_text(sysconfig.get_path("purelib") + "\n")
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation"]
    members = [str(ROOT / "shared"), str(ROOT / "services" / service)]
    must(run([*install, "--python", str(python), *members], ROOT))
    return str(python)


def run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, check=False, timeout=120
    )


def must(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0, done.stderr


def texts() -> list[tuple[str, str]]:
    return [(name, (ROOT / name).read_text("utf-8", errors="replace")) for name in files()]


def found(pattern: re.Pattern[str], names: re.Pattern[str] | None = None) -> list[str]:
    return [
        f"{name}:{number}"
        for name, text in texts()
        if names is None or names.search(name)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the user's to configure: a mirror must do as well."""
    assert found(REGISTRIES) == []
    assert found(ADDRESS, PACKAGING) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    """It works on one machine, and only until that one is gone."""
    assert found(MACHINE) == []


def test_no_lock_that_names_registry_hosts() -> None:
    """The hashed requirements in deploy/requirements are the lock; uv's names where it looked."""
    assert [name for name in files() if name.endswith("uv.lock")] == []
    assert "uv.lock" in (ROOT / ".gitignore").read_text().splitlines()
