"""What a button sends: the order it is about, as the audit knows it."""

import re
from typing import Any

import pytest
from console.pages.actions import Act
from console.render import draw

LETTER = {
    "service": "payments",
    "id": 3,
    "type": "orders.order-placed.v1",
    "reason": "bad-data",
    "error": "lines: missing",
    "parked_at": None,
    "behind": 0,
}


def sent(key: str) -> list[Act]:
    """What the buttons of one parked record send, as the console takes it."""
    letters: dict[str, Any] = {
        "letters": [{**LETTER, "key": key}],
        "groups": [],
        "silent": [],
        "jobs": [],
        "actions": [],
        "listed_max": 200,
        "looked": True,
        "alarms": [],
        "doubts": [],
        "is_local": False,
        "path": "/dead-letters",
        "twin": None,
        "user": None,
    }
    forms = re.findall(
        r'<form method="post" id=.*?</form>', draw("dead_letters.html", letters), re.S
    )
    fields = [dict(re.findall(r'name="(\w+)" value="([^"]*)"', one)) for one in forms]
    return [Act(**{**one, "reason": "why"}) for one in fields]


@pytest.mark.parametrize(
    ("key", "order_id"),
    [("ord_1", "ord_1"), ("k" * 128, "k" * 128), ("k" * 129, "")],
)
def test_a_parked_record_is_acted_upon_in_its_orders_name_if_its_key_can_be_one(
    key: str, order_id: str
) -> None:
    acts = sent(key)

    assert [one.action for one in acts] == ["dry-run", "redrive", "discard"]
    assert {one.order_id for one in acts} == {order_id}
