"""What may be done about a partner: one call to notifications each, and written down."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field
from shared.contracts.storefront import Storable
from shared.http.problem import Problem
from shared.service import Running

from console import audit
from console.backends import Answer, Backends
from console.pages.actions import not_done
from console.pages.partners import ID_PATTERN, NAME_PATTERN, SERVICE, Place, path_of

# Notifications waits 15 s for an endpoint's answer, and a little for its name and its body.
TEST_TIMEOUT_S = 25.0
REPLAYS_MAX = 20
_EXCHANGE = (
    *("event_id", "received", "status", "error", "duration_ms"),
    *("response_head", "response_body"),
)


class PartnerAct(BaseModel):
    """A button's form. ``target`` is a key to revoke, else an endpoint; ``event_id`` one event
    to send again, of ``order_id``.
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    action: Literal["revoke", "enable", "disable", "test", "replay-failed", "replay"]
    partner: str = Field(pattern=NAME_PATTERN)
    target: str = Field(pattern=ID_PATTERN)
    event_id: Annotated[str, Storable] = Field("", max_length=64)
    order_id: Annotated[str, Storable] = Field("", max_length=128)


async def act(
    running: Running, backends: Backends, operator: str, asked: PartnerAct
) -> dict[str, Any]:
    """Write it down, do it, and tell what came of it."""
    if asked.action == "replay" and not asked.event_id:
        raise Problem(422, "event-needed", "Say which event is to be sent again.")
    target = f"{asked.partner}/{asked.target}"
    known = (SERVICE, target, asked.order_id or None, asked.event_id or None)
    entry_id = await audit.begin(running, audit.Entry(operator, asked.action, *known))
    answer, says = await _done(backends, operator, asked)
    await audit.end(running, entry_id, answer.status, says)
    found: dict[str, Any] = {"ok": answer.ok, "says": says, "action": asked.action}
    if asked.action == "test" and answer.ok:
        found["exchange"] = {name: answer.body.get(name) for name in _EXCHANGE}
        found["ok"] = answer.body["received"]
    return found


async def _done(backends: Backends, operator: str, asked: PartnerAct) -> tuple[Answer, str]:
    path = Place(asked.partner, asked.target).path
    match asked.action:
        case "replay-failed":
            return await _replay_failed(backends, operator, path)
        case "replay":
            body = {"event_id": asked.event_id}
            answer = await backends.post(SERVICE, f"{path}/replay", operator, body)
        case "test":
            answer = await backends.post(SERVICE, f"{path}/test", operator, None, TEST_TIMEOUT_S)
        case "enable" | "disable":
            change = {"enabled": asked.action == "enable"}
            answer = await backends.patch(SERVICE, path, operator, change)
        case "revoke":
            key = f"{path_of(asked.partner)}/keys/{quote(asked.target, safe='')}"
            answer = await backends.post(SERVICE, f"{key}/revoke", operator)
    return answer, _told(asked, answer) if answer.ok else not_done(SERVICE, answer)


async def _replay_failed(backends: Backends, operator: str, path: str) -> tuple[Answer, str]:
    """A thousand at a time, and 20 times at most; to go on is to begin again."""
    body: dict[str, Any] = {"failed": True}
    replayed, more = 0, False
    for _ in range(REPLAYS_MAX):
        answer = await backends.post(SERVICE, f"{path}/replay", operator, body)
        if not answer.ok:
            before = f"{_again(replayed)} Then: " if replayed else ""
            return answer, before + not_done(SERVICE, answer)
        replayed += answer.body["replayed"]
        more = answer.body["next_cursor"] is not None
        if not more:
            break
        body = {"failed": True, "cursor": answer.body["next_cursor"]}
    says = _again(replayed) if replayed else "Nothing was given up; nothing was to be done."
    return answer, f"{says} There are more; press it again." if more else says


def _told(asked: PartnerAct, answer: Answer) -> str:
    """One sentence for people."""
    match asked.action:
        case "revoke":
            return "The key is revoked and lets nobody in any more."
        case "enable":
            return "It is enabled: what waits for it is sent, and what happens from now on."
        case "disable":
            return "It is disabled: what happens meanwhile is not sent later by itself."
        case "test":
            return _tested(answer.body)
        case _:
            count = answer.body["replayed"]
            return _again(count) if count else "The endpoint does not want events of this type."


def _tested(exchange: Any) -> str:
    took = f"after {exchange['duration_ms']} ms"
    if exchange["status"] is None:
        return f"The test event brought no answer: {exchange['error']}, {took}."
    well = "was received" if exchange["received"] else "was not received"
    return f"The test event {well}: {exchange['status']}, {took}."


def _again(count: int) -> str:
    return f"{count} {'delivery is' if count == 1 else 'deliveries are'} sent once more."
