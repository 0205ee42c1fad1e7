"""Cells of the table that are not asked for, each with its reason."""

MONEY_NEEDED = frozenset({"confirmed", "cancelling", "completed"})
DONE = frozenset({"garbage-answer", "no-answer-done"})


def impossible(row: tuple[str, ...], fault: str) -> str | None:
    """Why an order cannot use ``row`` after ``fault``: a hit is a failure; nothing when it can."""
    status, fact = row
    if fact == "FulfilmentOrderCancelled" and status != "cancelling":
        return "inventory closes a fulfilment order once, when asked; only then the order ends"
    if fault in ("declined", "wrong-amount") and status in MONEY_NEEDED:
        return "an order whose charge was declined or wrong is never confirmed"
    if fault == "declined" and fact in ("PaymentCaptured", "PaymentRefunded"):
        return "the provider never takes money under a key that it has declined"
    return None


def not_asked(row: tuple[str, ...], fault: str) -> str | None:
    """Why ``row`` is hardly ever used after ``fault``; a hit is no failure."""
    fact = row[1]
    if fact == "PaymentVoided" and fault in DONE | {"declined", "wrong-amount"}:
        return "only when a stalled worker calls while the news that nothing was called is read"
    if fact == "PaymentDeclined" and fault in DONE:
        return "only when a stalled worker calls while the news that nothing was taken is read"
    return None
