"""The system of deploy/compose.yaml as a project of its own, driven by documented commands."""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from local_runtime.config import CONSOLE, SERVICES, WITH_CONSOLE
from local_runtime.endpoints import Addresses
from local_runtime.ports import HOST, PortBook

from tests.support import engine
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "deploy" / "README.md"
SECOND = tuple(f"{service}-1" for service in SERVICES)
SIMULATORS = ("provider", "mail")
OURS = (*WITH_CONSOLE, *SIMULATORS)
DEFAULT_PORTS = {
    "orders": 8100,
    "payments": 8200,
    "inventory": 8300,
    "notifications": 8400,
    CONSOLE: 8000,
    "provider": 8500,
    "mail": 8526,
    "kafka": 29092,
    **{name: 8101 + 100 * number for number, name in enumerate(SECOND)},
}
UP_TIMEOUT_S = 240.0
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class At:
    url: str


@dataclass
class ComposeSystem:
    """One compose project with ports, a tag and volumes of its own; looks like a supervisor."""

    project: str = field(default_factory=lambda: f"orderproof-test-{os.getpid()}")
    ports: Mapping[str, int] = field(default_factory=lambda: _free_ports())

    # What a supervisor has too

    @property
    def addresses(self) -> Addresses:
        urls = {name: f"http://{HOST}:{port}" for name, port in self.ports.items()}
        services = {service: urls[service] for service in WITH_CONSOLE}
        kafka = f"{HOST}:{self.ports['kafka']}"
        return Addresses(kafka, urls["provider"], "", urls["mail"], {}, services)

    def instance(self, name: str) -> At:
        known = name.removesuffix("-0")
        return At(f"http://{HOST}:{self.ports[known]}")

    # The engine's side

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine says about each container, by its service's name."""
        ids = engine.names("ps", "-aq", *self._ours())
        found = [engine.inspect("container", one) for one in ids]
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def leftovers(self) -> list[str]:
        """Everything of this project that the engine still has."""
        return [
            *engine.names("ps", "-aq", *self._ours()),
            *engine.names("network", "ls", "-q", *self._ours()),
            *engine.names("volume", "ls", "-q", *self._ours()),
            *self.images(),
        ]

    def images(self) -> set[str]:
        form = ("--format", "{{.Repository}}:{{.Tag}}")
        return engine.names("image", "ls", *form, "--filter", f"reference=*:{self.project}")

    def keep_logs(self, folder: Path) -> None:
        """What every container and the broker's group coordinator said, and how busy we were."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, container in self.containers().items():
            said = engine.logs(container["Id"])
            folder.joinpath(f"{name}.log").write_text(said, "utf-8")
        folder.joinpath("load").write_text(str(os.getloadavg()), "utf-8")

    def _ours(self) -> tuple[str, str]:
        return ("--filter", f"label=com.docker.compose.project={self.project}")

    # The documented commands

    async def run(self, number: int, timeout_s: float = UP_TIMEOUT_S) -> str:
        """Run the page's shell block of that number with our ports; gives what it prints."""
        script = BLOCK.findall(PAGE.read_text("utf-8"))[number]
        for name, port in self.ports.items():
            script = script.replace(f"{HOST}:{DEFAULT_PORTS[name]}", f"{HOST}:{port}")
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", script),
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate()
        assert process.returncode == 0, f"{script}\n{said.decode()}"
        return said.decode()

    @property
    def environment(self) -> dict[str, str]:
        ports = {f"ORDERPROOF_{name}_PORT": str(port) for name, port in self.ports.items()}
        return {
            **{name.upper().replace("-", "_"): port for name, port in ports.items()},
            "COMPOSE_PROJECT_NAME": self.project,
            "ORDERPROOF_TAG": self.project,
        }

    async def up(self, number: int) -> None:
        """Run the block that starts everything; return when every service is ready."""
        await self.run(number)
        for service in WITH_CONSOLE:
            await self.ready_at(service)

    async def restart(self, service: str) -> float:
        """Stop one container and start it again; seconds from its start to its readiness."""
        container = self.containers()[service]["Id"]
        engine.docker("restart", container)
        at = await self.ready_at(service)
        return at - _timestamp(engine.inspect("container", container)["State"]["StartedAt"])

    async def ready_at(self, name: str) -> float:
        """Wait until the instance says that it is ready; gives that moment, in Unix seconds."""
        url = f"{self.instance(name).url}/health/ready"
        async with aiohttp.ClientSession() as http:

            async def look() -> float:
                return time.time() if await _is_ready(http, url) else 0.0

            return await eventually(look, f"{name} ready")


def _free_ports() -> dict[str, int]:
    book = PortBook(fixed=False)
    return {name: book.take(port) for name, port in DEFAULT_PORTS.items()}


def _timestamp(text: str) -> float:
    """Docker's nanoseconds, of which Python reads six digits."""
    return datetime.fromisoformat(re.sub(r"\.(\d{6})\d*Z", r".\1+00:00", text)).timestamp()


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
