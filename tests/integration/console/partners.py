"""Partners as notifications tells of them, with a secret that no page may show."""

from typing import Any

from tests.integration.console.services import FakeServices

SECRET = "whsec_never_to_be_seen"
HOSTILE = "<script>alert(1)</script>"
AT = "2026-11-30T10:00:00Z"
ACME = "/ops/partners/acme"
ENDPOINTS = f"{ACME}/webhook-endpoints"
WHE = f"{ENDPOINTS}/whe_1"

KEY = {
    "key_id": "pky_1",
    "scopes": ["events:read"],
    "created_at": AT,
    "expires_at": None,
    "revoked_at": None,
    "key": SECRET,
}
PARTNER = {
    "partner_id": "ptr_1",
    "name": "acme",
    "seller_id": HOSTILE,
    "event_types": ["fulfilment.shipment-dispatched.v1"],
    "created_at": AT,
    "keys": [KEY, {**KEY, "key_id": "pky_2", "revoked_at": AT}],
}
ENDPOINT = {
    "endpoint_id": "whe_1",
    "url": f"https://hooks.acme.example/{HOSTILE}",
    "description": HOSTILE,
    "event_types": ["fulfilment.shipment-dispatched.v1"],
    "rate_per_s": 50,
    "concurrency_max": 8,
    "enabled": True,
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": AT,
    "created_at": AT,
    "previous_secret_until": AT,
    "secret": SECRET,
}
GONE = {
    **ENDPOINT,
    "endpoint_id": "whe_2",
    "enabled": False,
    "disabled_reason": "gone",
    "disabled_at": AT,
}
DELIVERY = {
    "delivery_id": "7",
    "event_id": "evt_1",
    "order_id": "ord_1",
    "type": "fulfilment.shipment-dispatched.v1",
    "state": "failed",
    "attempts": 2,
    "next_attempt_at": None,
    "created_at": AT,
    "ended_at": AT,
}
ATTEMPTS = [
    {
        "sent_at": AT,
        "duration_ms": 31,
        "status": 503,
        "error": None,
        "response_head": f"X-Hostile: {HOSTILE}",
        "response_body": f"{HOSTILE}</pre>",
    },
    {
        "sent_at": AT,
        "duration_ms": 15_000,
        "status": None,
        "error": "timeout",
        "response_head": "",
        "response_body": "",
    },
]
DETAIL = {**DELIVERY, "body": f'{{"id":"evt_1","note":"{HOSTILE}"}}', "attempt_log": ATTEMPTS}
TESTED = {
    "event_id": "evt_2",
    "received": True,
    "status": 204,
    "error": None,
    "duration_ms": 12,
    "response_head": f"X-Hostile: {HOSTILE}",
    "response_body": "thanks",
    "secret": SECRET,
}


def tell_of_acme(services: FakeServices, *endpoints: Any) -> None:
    """One partner, its endpoints, and one delivery of the first of them."""
    listed = list(endpoints or (ENDPOINT, GONE))
    answers: dict[str, Any] = {
        "/ops/partners": {"partners": [PARTNER], "next_cursor": None},
        ACME: PARTNER,
        ENDPOINTS: {"endpoints": listed, "next_cursor": None},
        WHE: listed[0],
        f"{WHE}/deliveries": {"deliveries": [DELIVERY], "next_cursor": "older"},
        f"{WHE}/deliveries/7": DETAIL,
    }
    services.answers |= {("notifications", path): told for path, told in answers.items()}
