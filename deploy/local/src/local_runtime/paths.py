"""Where things lie: the repository's files, the run directory, the per-user cache."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

DEFAULT_RUN_DIR = Path(".run")


def repository_root() -> Path:
    """The folder that holds ``deploy/``; the package is always installed in place."""
    return Path(__file__).resolve().parents[4]


def topics_file() -> Path:
    """The committed list of topics."""
    return repository_root() / "deploy" / "kafka" / "topics.toml"


def kafka_lock_file() -> Path:
    """The committed list of the broker's jars with their hashes."""
    return repository_root() / "deploy" / "kafka" / "kafka.lock.toml"


def cache_dir() -> Path:
    """The per-user cache, shared by every clone."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".cache"
    return root / "orderproof"


@dataclass(frozen=True)
class RunDir:
    """One running stack's files; several stacks live beside each other, each in its own."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> "RunDir":
        """The run directory at ``root``, made if missing."""
        run_dir = cls(root.resolve())
        run_dir.logs.mkdir(parents=True, exist_ok=True)
        return run_dir

    def remove(self) -> None:
        """Remove the directory and what had to lie outside of it."""
        for folder in (self.root, self.outside):
            if folder.exists():
                shutil.rmtree(folder)

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.root / "logs"

    @property
    def endpoints(self) -> Path:
        """The addresses of a stack that is ready."""
        return self.root / "endpoints.json"

    @property
    def state(self) -> Path:
        """What the supervisor says about itself."""
        return self.root / "supervisor.json"

    @property
    def lock(self) -> Path:
        """Held by the one supervisor of this directory for as long as it lives."""
        return self.root / "supervisor.lock"

    def broker(self, number: int, of: int) -> Path:
        """A broker's settings and log segments."""
        return self.root / ("kafka" if of == 1 else f"kafka-{number}")

    @property
    def partner_tls(self) -> Path:
        """The certificate of the listener for partners, and that of who signed it."""
        return self.root / "partner-kafka"

    @property
    def provider_book(self) -> Path:
        """What the simulated payment provider did; it survives restarts as databases do."""
        return self.root / "provider-book.jsonl"

    @property
    def sealing_key(self) -> Path:
        """Opens the partners' secrets in the stack's database."""
        return self.root / "partner-secrets.key"

    @property
    def outside(self) -> Path:
        """Stands in for what another uid must reach when it cannot enter ``root``."""
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:12]
        return Path("/var/tmp") / f"orderproof-{digest}"  # noqa: S108

    def log(self, name: str) -> Path:
        """The log of the process called ``name``."""
        return self.logs / f"{name}.log"
