"""A record as a service lists it that has parked it."""

LETTER = {
    "id": 3,
    "consumer": "payments",
    "topic": "orders.events.v1",
    "partition": 0,
    "offset": 11,
    "key": "ord_1",
    "type": "orders.order-placed.v1",
    "reason": "handler-failed",
    "error": "KeyError",
    "attempts": 1,
    "parked_at": "2026-11-30T10:00:00Z",
    "behind": 2,
}
