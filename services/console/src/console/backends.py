"""The other services over HTTP: what they answer, or that they do not."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from console.settings import ConsoleSettings

BODY_BYTES_MAX = 4 * 1024 * 1024
CONNECTIONS_MAX = 50

Body = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` is None when no answer came; ``body`` is JSON's value, or text."""

    status: int | None
    body: Any

    @property
    def ok(self) -> bool:
        return self.status is not None and self.status < 300

    @property
    def detail(self) -> str:
        """What went wrong, in the service's own words."""
        if isinstance(self.body, dict):
            return str(self.body.get("detail") or self.body.get("title") or "")[:500]
        return str(self.body)[:500]


NOWHERE = Answer(None, "has no address")
UNREACHED = Answer(None, "cannot be reached")


@dataclass
class Backends:
    """One session per process, opened by the first call; ``close`` it when the process ends."""

    settings: ConsoleSettings
    _session: aiohttp.ClientSession | None = field(default=None, repr=False)

    async def get(self, service: str, path: str, **query: str) -> Answer:
        """Of the service's first instance that answers."""
        answer = Answer(None, "is not known")
        for url in self.settings.services[service]:
            answer = await self._send("GET", url + path, {"params": query})
            if answer.status is not None:
                break
        return answer

    async def get_each(self, service: str, path: str) -> list[Answer]:
        """Of every instance, in the order of the setting."""
        urls = self.settings.services[service]
        return await asyncio.gather(*(self._send("GET", url + path, {}) for url in urls))

    async def post(
        self, service: str, path: str, operator: str, body: Body = None, timeout_s: float = 0
    ) -> Answer:
        """To the first instance that can be reached; when no answer comes then, it is not known
        whether it was done, and nobody else is asked. ``timeout_s`` in place of the usual one.
        """
        options: dict[str, Any] = {"json": body} if body is not None else {}
        if timeout_s:
            options["timeout"] = aiohttp.ClientTimeout(total=timeout_s)
        return await self._act("POST", service, path, operator, options)

    async def patch(self, service: str, path: str, operator: str, body: Body) -> Answer:
        """As ``post``."""
        return await self._act("PATCH", service, path, operator, {"json": body})

    async def get_at(self, url: str | None, **query: str) -> Answer:
        """Of what is no service of ours, by its whole address."""
        return NOWHERE if url is None else await self._send("GET", url, {"params": query})

    async def post_at(self, url: str | None, body: Mapping[str, Any]) -> Answer:
        return NOWHERE if url is None else await self._send("POST", url, {"json": dict(body)})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _act(
        self, method: str, service: str, path: str, operator: str, options: Mapping[str, Any]
    ) -> Answer:
        answer, headers = UNREACHED, {"X-Operator": operator}
        for url in self.settings.services[service]:
            answer = await self._send(method, url + path, {**options, "headers": headers})
            if answer != UNREACHED:
                break
        return answer

    async def _send(self, method: str, url: str, options: Mapping[str, Any]) -> Answer:
        try:
            async with self._opened().request(
                method, url, allow_redirects=False, **options
            ) as response:
                raw = await _whole(response.content)
                is_json = "json" in response.content_type
                return Answer(response.status, json.loads(raw) if is_json else raw.decode())
        except aiohttp.ClientConnectorError:
            return UNREACHED
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Answer(None, type(error).__name__)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.settings.call_timeout_s),
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                trust_env=False,
                headers={"User-Agent": "orderproof-console"},
            )
        return self._session


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """The body. Raises ``ValueError`` when it is longer than anything a service tells."""
    raw = b""
    async for chunk in content.iter_any():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            raise ValueError("too long")
    return raw
