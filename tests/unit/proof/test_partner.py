"""The partner of the proof: what came is judged by what it was when it came."""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from standardwebhooks import Webhook

from tests.proof.partners import NAME, Partner

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def sent(number: int, at: datetime) -> Any:
    said = {"type": "fulfilment.some-thing-happened.v1", "data": {"order_id": "ord_1"}}
    body = json.dumps({"order_id": "ord_1", "sequence": number, **said})
    signed = {
        "webhook-id": f"evt_{number}",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign(f"evt_{number}", at, body),
    }
    return SimpleNamespace(headers=signed, body=body.encode())


def a_partner(*came: Any) -> Partner:
    servers: Any = SimpleNamespace(by_name=defaultdict(list, {NAME: list(came)}))
    shop: Any = SimpleNamespace()
    partner = Partner(shop, servers)
    partner._secret = SECRET
    return partner


def test_what_was_verified_once_is_not_too_old_later(monkeypatch: Any) -> None:
    partner = a_partner(sent(1, datetime.now(UTC)))
    first = partner.told()
    monkeypatch.setattr(Webhook, "verify", too_old)

    assert [(one.key, one.offset) for one in first] == [("ord_1", 0)]
    assert [(one.type, one.sequence, one.data) for one in first] == [
        ("fulfilment.some-thing-happened.v1", 1, {"order_id": "ord_1"})
    ]
    assert partner.told() == first


def test_what_comes_later_is_verified_and_follows() -> None:
    partner = a_partner(sent(1, datetime.now(UTC)))
    partner.told()
    partner.servers.by_name[NAME].append(sent(2, datetime.now(UTC)))

    assert [(one.id[1], one.offset) for one in partner.told()] == [("evt_1", 0), ("evt_2", 1)]


def test_what_came_too_old_has_no_key() -> None:
    old = sent(1, datetime.now(UTC) - timedelta(minutes=6))

    assert [one.key for one in a_partner(old).told()] == [""]


def too_old(*_: Any) -> Any:
    raise AssertionError("verified a second time")
