"""Cells of the table that cannot be, each with its reason; a hit is a failure."""

MONEY_NEEDED = frozenset({"confirmed", "cancelling", "completed"})


def impossible(row: tuple[str, ...], fault: str) -> str | None:
    """Why an order cannot use ``row`` after ``fault``; nothing when it can."""
    status, fact = row
    if fact == "FulfilmentOrderCancelled" and status != "cancelling":
        return "inventory closes a fulfilment order once, when asked; only then the order ends"
    if fault in ("declined", "wrong-amount") and status in MONEY_NEEDED:
        return "an order whose charge was declined or wrong is never confirmed"
    if fault == "declined" and fact in ("PaymentCaptured", "PaymentRefunded"):
        return "the provider never takes money under a key that it has declined"
    return None
