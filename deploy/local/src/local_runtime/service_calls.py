"""Calls to the running services' own doors, as the commands make them."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

CALL_TIMEOUT_S = 120.0
NO_CONTENT = 204

Json = dict[str, Any]


class CallError(RuntimeError):
    """A call gave no document; says which service and why."""


class UnansweredError(CallError):
    """No answer; whether the service did what was asked is not known."""


class RefusedError(CallError):
    """An answer that is an error, in the service's words."""

    def __init__(self, service: str, status: int, detail: str) -> None:
        super().__init__(f"{service}: {status} {detail}")
        self.status = status


@dataclass(frozen=True)
class Calls:
    """``addresses`` are base URLs by service; every call raises ``CallError`` when it fails."""

    http: aiohttp.ClientSession
    addresses: Mapping[str, str]

    async def get(self, service: str, path: str, **query: str | int) -> Json:
        return await self._call("GET", service, path, params=query)

    async def post(
        self, service: str, path: str, body: Json | None = None, **query: str | int
    ) -> Json:
        return await self._call("POST", service, path, json=body, params=query)

    async def patch(self, service: str, path: str, body: Json) -> Json:
        return await self._call("PATCH", service, path, json=body)

    async def delete(self, service: str, path: str) -> Json:
        """Empty, as a service has nothing to say of what is gone."""
        return await self._call("DELETE", service, path)

    async def _call(self, method: str, service: str, path: str, **more: Any) -> Json:
        url = self.addresses[service] + path
        try:
            async with self.http.request(method, url, **more) as answer:
                if answer.status >= 400:
                    raise RefusedError(service, answer.status, _detail(await answer.text()))
                if answer.status == NO_CONTENT:
                    return {}
                document: Json = await answer.json()
                return document
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise UnansweredError(f"{service} does not answer: {reason}") from error


@asynccontextmanager
async def calls_to(
    addresses: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> AsyncIterator[Calls]:
    """Calls that all carry ``headers``."""
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as http:
        yield Calls(http, addresses)


def _detail(body: str) -> str:
    """What a problem document says, with each field that is wrong, or the start of what came."""
    try:
        document = json.loads(body)
        said = str(document.get("detail") or document["title"])
        wrong = [f"{one['pointer']}: {one['detail']}" for one in document.get("errors", ())]
    except (ValueError, KeyError, AttributeError, TypeError):
        return body[:200]
    return f"{said} ({'; '.join(wrong)})" if wrong else said
