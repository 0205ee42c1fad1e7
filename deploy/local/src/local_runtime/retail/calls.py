"""HTTP calls that are repeated under the same key until the service answers."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from local_runtime.service_calls import UnansweredError

PATIENCE_S = 120.0
CALL_TIMEOUT_S = 40.0
FIRST_PAUSE_S = 0.1
PAUSE_S_MAX = 2.0
RETRY_AFTER_S_MAX = 60.0
PASSING = frozenset({429, 502, 503, 504})
IN_PROGRESS = "idempotency-in-progress"


@dataclass(frozen=True)
class Answer:
    """A final answer; ``document`` is what the body says, empty when it is no JSON."""

    status: int
    document: Any

    @property
    def problem(self) -> str:
        """What the problem document says, for people."""
        said = self.document if isinstance(self.document, dict) else {}
        errors = [f"{one.get('pointer')}: {one.get('detail')}" for one in said.get("errors", ())]
        told = "; ".join([str(said.get("detail") or said.get("title") or "no reason"), *errors])
        return f"{self.status} {told}"[:500]

    @property
    def name(self) -> str:
        """The problem's name, as in ``urn:problem:<name>``."""
        kind = self.document.get("type", "") if isinstance(self.document, dict) else ""
        return str(kind).removeprefix("urn:problem:")


class ComeAgainError(Exception):
    """Not now; ``retry_after_s`` is what the service asks for."""

    def __init__(self, reason: str, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after_s = min(retry_after_s, RETRY_AFTER_S_MAX)


@dataclass(frozen=True)
class PatientCalls:
    """Every call raises ``UnansweredError`` when ``patience_s`` brought no answer."""

    http: aiohttp.ClientSession
    patience_s: float = PATIENCE_S
    _waits: wait_random_exponential = field(
        default_factory=lambda: wait_random_exponential(multiplier=FIRST_PAUSE_S, max=PAUSE_S_MAX)
    )

    async def get(self, url: str, **query: str) -> Answer:
        return await self._until_answered("GET", url, params=query)

    async def post(self, url: str, body: Mapping[str, Any], key: str) -> Answer:
        """Send ``body`` under ``key``; a repetition is recognised by it."""
        headers = {"Idempotency-Key": key}
        return await self._until_answered("POST", url, json=body, headers=headers)

    async def _until_answered(self, method: str, url: str, **more: Any) -> Answer:
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(ComeAgainError),
            stop=stop_after_delay(self.patience_s),
            wait=self._pause_s,
            reraise=True,
        )
        try:
            return await attempts(self._once, method, url, **more)
        except ComeAgainError as error:
            place = urlsplit(url)
            raise UnansweredError(
                f"{place.netloc} does not answer: {error}, for {self.patience_s:g} s"
            ) from error

    async def _once(self, method: str, url: str, **more: Any) -> Answer:
        try:
            async with self.http.request(method, url, **more) as response:
                answer = Answer(response.status, _document(await response.read()))
                if _is_passing(answer):
                    retry_after = response.headers.get("Retry-After", "")
                    raise ComeAgainError(answer.problem, _seconds(retry_after))
                return answer
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ComeAgainError(str(error) or type(error).__name__) from error

    def _pause_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.retry_after_s if isinstance(error, ComeAgainError) else 0.0
        return max(asked_s, self._waits(state))


def patient_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S))


def _is_passing(answer: Answer) -> bool:
    if answer.status == 409:
        return answer.name == IN_PROGRESS
    return answer.status in PASSING


def _document(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() else 0.0
