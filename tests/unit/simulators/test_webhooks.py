"""Webhooks are signed, are sent again until they are taken, and can be made to come twice."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from local_runtime.simulators import webhooks
from local_runtime.simulators.faults import ProviderFaults
from local_runtime.simulators.serving import serving

from tests.unit.simulators.clients import a_provider, eventually

KEY = b"a-key-of-the-tests-of-32-bytes--"
SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass
class Listener:
    url: str = ""
    refusals_left: int = 0
    ids: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        if self.refusals_left:
            self.refusals_left -= 1
            return web.Response(status=503)
        body = await request.read()
        signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}."
        digest = hmac.digest(KEY, signed.encode() + body, hashlib.sha256)
        expected = "v1," + base64.b64encode(digest).decode()
        assert request.headers["webhook-signature"] == expected
        self.ids.append(request.headers["webhook-id"])
        self.types.append((await request.json())["type"])
        return web.Response(status=204)

    async def heard(self, count: int) -> None:
        async def enough() -> bool:
            return len(self.ids) >= count

        await eventually(enough)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    application = web.Application()
    application.add_routes([web.post("/hook", listener.hear)])
    async with serving(application) as url:
        listener.url = f"{url}/hook"
        yield listener


async def test_every_operation_is_announced(listener: Listener) -> None:
    async with a_provider(target=webhooks.Target(listener.url, SECRET)) as provider:
        await provider.charge()
        await listener.heard(1)
        await provider.charge("tok_declined", "k2")
        await listener.heard(2)

    assert listener.types == ["charge.captured", "charge.declined"]


async def test_a_refused_webhook_is_sent_again(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "RETRY_DELAY_S", 0.01)
    listener.refusals_left = 2
    async with a_provider(target=webhooks.Target(listener.url, SECRET)) as provider:
        await provider.charge()
        await listener.heard(1)


async def test_faults_send_twice_under_one_id_and_out_of_order(listener: Listener) -> None:
    faults = ProviderFaults(webhook_duplicate_percent=100, webhook_delay_s=0.3, seed=1)
    async with a_provider(faults=faults, target=webhooks.Target(listener.url, SECRET)) as provider:
        for n in range(6):
            await provider.charge(key=f"k{n}")
        await listener.heard(12)
        sent = [
            f"msg_{op['id']}"
            for n in range(6)
            for op in await provider.get("/v1/operations", key=f"k{n}")
        ]

    assert sorted(listener.ids) == sorted(sent * 2)
    assert list(dict.fromkeys(listener.ids)) != sent
