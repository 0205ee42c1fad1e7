"""Tells a listener what happened to charges: signed, and by faults twice, late or out of order."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import aiohttp

from local_runtime.simulators.book import Entry
from local_runtime.simulators.faults import ProviderFaults

ATTEMPTS_MAX = 5
RETRY_DELAY_S = 1.0
TIMEOUT_S = 5.0
CONCURRENT_MAX = 16
EVENT_TYPES = {
    "authorize": "charge.authorized",
    "capture": "charge.captured",
    "void": "charge.voided",
    "refund": "charge.refunded",
}


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    secret: str


class Webhooks:
    """Sends in the background; what is not delivered when the process ends is lost."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(CONCURRENT_MAX)
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))

    def announce(self, entry: Entry, faults: ProviderFaults) -> None:
        webhook_id = f"msg_{entry.operation.id}"
        body = json.dumps(event(entry)).encode()
        for copy in range(2 if faults.duplicates_webhook(webhook_id) else 1):
            wait_s = faults.webhook_wait_s(webhook_id, copy)
            task = asyncio.create_task(self._send(webhook_id, body, wait_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    async def _send(self, webhook_id: str, body: bytes, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        for _ in range(ATTEMPTS_MAX):
            if await self._delivered(webhook_id, body):
                return
            await asyncio.sleep(RETRY_DELAY_S)

    async def _delivered(self, webhook_id: str, body: bytes) -> bool:
        headers = signed_headers(self._target.secret, webhook_id, int(time.time()), body)
        try:
            async with (
                self._slots,
                self._client.post(self._target.url, data=body, headers=headers) as response,
            ):
                return response.ok
        except (aiohttp.ClientError, TimeoutError):
            return False


def event(entry: Entry) -> Mapping[str, object]:
    operation = entry.operation
    return {
        "type": EVENT_TYPES[operation.op] if operation.ok else "charge.declined",
        "timestamp": operation.at,
        "data": {"operation": asdict(operation), "charge": asdict(entry.charge)},
    }


def signed_headers(
    secret: str, webhook_id: str, timestamp_s: int, body: bytes
) -> Mapping[str, str]:
    """Standard Webhooks, version 1; the secret is ``whsec_`` and base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((webhook_id.encode(), str(timestamp_s).encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }
