"""How an order is led to each row of the orders' table, and where each fault strikes on the way.

A recipe is a line of words, each done when all that can happen meanwhile has happened. At first
orders reads no answers and no timer acts; ``+payments`` lets it read those of payments, and so on;
``-inventory`` holds them back again.
"""

from collections.abc import Mapping

from tests.simulation.faults import AT_CALLS

CONFIRMED = "place charge +payments +inventory"
REJECTED = "short place charge +inventory deadline timer"
DECLINED = "decline place charge"
ENDS: Mapping[str, str] = {
    "rejected": "+inventory deadline timer",
    "expired": "deadline timer",
    "cancelled": "cancel",
}

RECIPES: Mapping[tuple[str, str], str] = {
    ("pending", "PaymentCaptured"): "place charge +payments",
    ("pending", "PaymentDeclined"): f"{DECLINED} +payments",
    ("pending", "PaymentRefunded"): "wrong place charge +payments",
    ("pending", "StockReserved"): "place charge +inventory",
    ("pending", "StockRejected"): "short place charge +inventory",
    ("pending", "CancelRequested"): "place charge cancel",
    ("pending", "DeadlinePassed"): "place charge deadline timer",
    ("confirmed", "PaymentRefunded"): f"{CONFIRMED} refund charge",
    ("confirmed", "FulfilmentOrderOpened"): f"{CONFIRMED} +fulfilment",
    ("confirmed", "ShipmentDispatched"): f"{CONFIRMED} +fulfilment ship",
    ("confirmed", "ShipmentDelivered"): f"{CONFIRMED} +fulfilment ship deliver",
    ("confirmed", "CancelRequested"): f"{CONFIRMED} cancel",
    ("confirmed", "DeadlinePassed"): "place charge deadline stall +payments +inventory late",
    ("cancelling", "PaymentRefunded"): f"{CONFIRMED} cancel refund charge",
    ("cancelling", "FulfilmentOrderOpened"): f"{CONFIRMED} cancel +fulfilment",
    ("cancelling", "FulfilmentOrderCancelled"): f"{CONFIRMED} cancel +fulfilment",
    ("cancelling", "CancellationRefused"): f"{CONFIRMED} ship cancel +fulfilment",
    ("cancelling", "ShipmentDispatched"): f"{CONFIRMED} ship -inventory cancel +fulfilment",
    ("cancelling", "ShipmentDelivered"): f"{CONFIRMED} ship deliver -inventory cancel +fulfilment",
    ("cancelling", "CancelRequested"): f"{CONFIRMED} cancel cancel",
    ("cancelling", "DeadlinePassed"): (
        "place charge deadline stall +payments +inventory cancel late"
    ),
    ("completed", "PaymentRefunded"): f"{CONFIRMED} +fulfilment ship deliver refund charge",
    ("completed", "CancelRequested"): f"{CONFIRMED} +fulfilment ship deliver cancel",
    ("completed", "DeadlinePassed"): (
        "place charge deadline stall +payments +inventory +fulfilment ship deliver late"
    ),
    ("rejected", "StockReserved"): f"{DECLINED} +payments deadline timer +inventory",
    ("rejected", "StockRejected"): f"short {DECLINED} +payments deadline timer +inventory",
    ("rejected", "StockReleased"): f"{DECLINED} +payments +inventory",
    ("rejected", "DeadlinePassed"): "short place charge deadline stall +payments +inventory late",
    ("rejected", "CancelRequested"): "short place charge +payments +inventory cancel",
    ("expired", "StockReserved"): "place charge deadline timer +inventory",
    ("expired", "StockRejected"): "short place charge deadline timer +inventory",
    ("expired", "StockReleased"): "place charge deadline timer +inventory",
    ("expired", "DeadlinePassed"): "place charge deadline stall timer late",
    ("expired", "CancelRequested"): "place charge deadline timer cancel",
    ("cancelled", "StockReserved"): "place charge cancel +inventory",
    ("cancelled", "StockRejected"): "short place charge cancel +inventory",
    ("cancelled", "StockReleased"): "place charge cancel +inventory",
    ("cancelled", "DeadlinePassed"): "place charge deadline stall cancel late",
    ("cancelled", "CancelRequested"): "place charge cancel cancel",
}

# The first worker stalls before its call; another finds that nothing was taken.
STALLED = "stall-call hold-call place deadline wait"
STALLED_DECLINES: Mapping[tuple[str, str], str] = {
    ("pending", "PaymentDeclined"): f"{STALLED} fault-at-charge end-call +payments",
    ("rejected", "PaymentDeclined"): (
        f"short {STALLED} fault-at-charge end-call +inventory timer +payments"
    ),
    ("expired", "PaymentDeclined"): f"{STALLED} fault-at-charge end-call timer +payments",
    ("cancelled", "PaymentDeclined"): f"{STALLED} fault-at-charge end-call cancel +payments",
    ("rejected", "StockReserved"): f"{STALLED} fault-at-charge end-call +payments timer +inventory",
    ("rejected", "StockRejected"): (
        f"short {STALLED} fault-at-charge end-call +payments timer +inventory"
    ),
    ("rejected", "StockReleased"): f"{STALLED} fault-at-charge end-call +payments +inventory",
}


def recipe(row: tuple[str, str], fault: str) -> list[str]:
    """The words that lead an order to ``row`` after ``fault``."""
    line = _line(row, fault)
    if fault in AT_CALLS and "fault-at" not in line:
        refund = row[1] == "PaymentRefunded" and fault not in ("declined", "wrong-amount")
        line = f"{'fault-at-refund' if refund else 'fault-at-charge'} {line}"
        if fault == "inquiry-fails":
            line = f"{'refund-not-made' if refund else 'not-made'} {line}"
    if fault == "stale-timer" and " stall" not in line:
        line = _stalled_timer(line)
    return line.split()


def _line(row: tuple[str, str], fault: str) -> str:
    status, fact = row
    done = fault in ("garbage-answer", "no-answer-done")
    if done and row in STALLED_DECLINES:
        return STALLED_DECLINES[row]
    if fault == "wrong-amount" and row == ("pending", "PaymentCaptured"):
        return "late-answer fault-at-charge place deadline wait arrive +payments"
    if row in RECIPES:
        return RECIPES[row]
    short = "short " if status == "rejected" else ""
    match fact:
        case "PaymentVoided":
            return short + _voided(ENDS[status], fault)
        case "PaymentCaptured" if fault == "wrong-amount":
            return short + _voided(ENDS[status], fault)
        case "PaymentDeclined":
            return f"{short}{DECLINED} {ENDS[status]} +payments"
        case _:
            return f"{short}place charge {ENDS[status]} +payments charge"


def _voided(end: str, fault: str) -> str:
    """The order ends before anything is taken; if the fault takes something, it is later still."""
    if fault in ("garbage-answer", "no-answer-done", "declined", "wrong-amount"):
        late = "fault-at-charge end-call +payments"
        return f"stall-call hold-call place hold-work {end} free-work wait {late}"
    failing = "fail " if fault in ("worker-dies-after-call", "lease-lost") else ""
    held = "place hold-work" if fault in AT_CALLS else "hold-work place"
    return f"{failing}{held} {end} free-work wait +payments"


def _stalled_timer(line: str) -> str:
    """A timer that has read the order stalls before whatever comes next."""
    if "deadline" in line:
        return line.replace("deadline", "deadline stall", 1)
    first = "charge" if " charge" in line else "place"
    return line.replace(first, f"{first} deadline stall", 1)
