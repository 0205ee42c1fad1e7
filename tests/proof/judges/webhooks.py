"""A partner's receiver: what came, in the order it came, read with nothing but the secret."""

from collections.abc import Iterable
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.proof.judges.kafka import Told


def read(secret: str, requests: Iterable[tuple[dict[str, str], bytes]]) -> list[Told]:
    """As if they were records; the official library verifies, what it refuses has no key."""
    return [_told(Webhook(secret), place, *one) for place, one in enumerate(requests)]


def _told(verifier: Webhook, place: int, came: dict[str, str], body: bytes) -> Told:
    headers = {"ce_id": came.get("webhook-id", ""), "bytes": body.decode(errors="replace")}
    try:
        event: Any = verifier.verify(body, came)
    except WebhookVerificationError:
        return Told("webhooks", 0, place, "", headers, None)
    headers |= {"ce_type": event["type"], "ce_sequence": str(event["sequence"])}
    return Told("webhooks", 0, place, event["order_id"], headers, event["data"])
